import Protocol
import TestSupport
import Testing

/// The ways to speak to the daemon. What holds for one holds for all.
enum Carrier: String, CaseIterable, CustomTestStringConvertible {
    case socketLines
    case socketHeaders
    case stdioLines
    case stdioHeaders

    static let sockets: [Carrier] = [.socketLines, .socketHeaders]
    static let stdio: [Carrier] = [.stdioLines, .stdioHeaders]

    var testDescription: String { rawValue }

    var framing: FrameDecoder.Framing {
        switch self {
        case .socketLines, .stdioLines: .lines
        case .socketHeaders, .stdioHeaders: .headers
        }
    }

    /// A daemon of its own and a connection to it; on stdio initialized.
    func start(
        _ settings: [String: String] = [:], in directory: TemporaryDirectory? = nil
    ) async throws -> (daemon: DaemonProcess, client: TestClient) {
        switch self {
        case .socketLines, .socketHeaders:
            let daemon = try await DaemonProcess.start(settings, in: directory)
            return (daemon, try daemon.client(framing))
        case .stdioLines, .stdioHeaders:
            let (daemon, client) = try DaemonProcess.startOnStdio(settings, in: directory, framing: framing)
            try await client.initialize()
            return (daemon, client)
        }
    }
}
