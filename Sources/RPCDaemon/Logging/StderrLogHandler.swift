import Glibc
import Logging
import Protocol
import Security
import Synchronization

/// Logs to stderr: one JSON object a line, or one readable line on a terminal. Secrets are redacted, whoever logs them.
struct StderrLogHandler: LogHandler {
    /// The level of every logger, changed at run time by SIGHUP.
    static let level = Mutex(Logger.Level.info)

    var metadata: Logger.Metadata = [:]
    private let label: String
    private let isJSON: Bool
    private let redactor = Redactor()

    init(label: String, isJSON: Bool) {
        self.label = label
        self.isJSON = isJSON
    }

    var logLevel: Logger.Level {
        get { Self.level.withLock { $0 } }
        set { _ = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = event.metadata.map { metadata.merging($0) { _, new in new } } ?? metadata
        let time = Timestamp.format(Timestamp.now())
        let line = isJSON ? json(event, all, time) : text(event, all, time)
        line.withUnsafeBytes { StandardError.write($0) }
    }

    private func json(_ event: LogEvent, _ all: Logger.Metadata, _ time: String) -> JSONText {
        var writer = JSONWriter(capacity: 256)
        writer.raw("{\"time\":")
        writer.string(time)
        writer.raw(",\"level\":")
        writer.string(event.level.rawValue)
        writer.raw(",\"message\":")
        writer.string(redactor.redact("\(event.message)"))
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            writer.raw(",")
            writer.string(key)
            writer.raw(":")
            writer.string(redactor.redact("\(value)"))
        }
        writer.raw("}\n")
        return writer.take()
    }

    private func text(_ event: LogEvent, _ all: Logger.Metadata, _ time: String) -> JSONText {
        var line = "\(time.dropFirst(11).dropLast(1)) \(event.level.rawValue.padded(to: 8)) \(event.message)"
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(value)" }
        let safe = String(redactor.redact(line).unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) })
        return JSONText(safe + "\n")
    }
}
