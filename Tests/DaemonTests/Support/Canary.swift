import Foundation
import TestSupport

/// A secret that occurs nowhere else, and every form it might be found in.
struct Canary: CustomStringConvertible {
    let text: String
    /// As it is, in hexadecimal, percent-encoded, and what is left of it in base64, wherever in the encoded bytes it begins.
    let forms: [Data]

    init(_ name: String) {
        let random = UInt64.random(in: UInt64.max / 2...UInt64.max)
        self.init(exactly: "\(name)~\(String(random, radix: 36))")
    }

    init(exactly text: String) {
        self.text = text
        let bytes = Data(text.utf8)
        let hex = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let encoded = text.utf8.map { byte in
            let isPlain = (byte | 0x20) &- 97 < 26 || byte &- 48 < 10
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
        var forms = [text, hex, hex.uppercased(), encoded, encoded.replacing("%7e", with: "%7E")]
        for offset in 0..<3 {
            // Characters that hold only bits of the secret: a shift of one byte begins in the second, of two in the third.
            let base64 = (Data(count: offset) + bytes).base64EncodedString()
            let whole = String(base64.prefix((offset + bytes.count) * 8 / 6).dropFirst([0, 2, 3][offset]))
            forms += [whole, whole.replacing("+", with: "-").replacing("/", with: "_")]
        }
        self.forms = Set(forms).map { Data($0.utf8) }
    }

    var description: String { text }

    /// Where any of them is found: `file:form`, in all files of a directory.
    static func traces(of canaries: [Canary], in directory: String) throws -> [String] {
        let patterns = try TemporaryDirectory()
        let file = patterns.appending("forms")
        try Data(canaries.flatMap(\.forms).joined(separator: Data([10]))).write(to: URL(filePath: file))
        // grep(1) looks for all of them at once.
        let found = try ChildProcess.run(["sh", "-c", "grep -aoHrF -f \"$0\" -- \"$1\" || test $? = 1", file, directory])
        return Set(found.split(separator: "\n").map(String.init)).sorted()
    }

    /// The same in what is not in files.
    static func traces(of canaries: [Canary], in texts: [String: Data]) throws -> [String] {
        let directory = try TemporaryDirectory()
        for (name, text) in texts { try text.write(to: URL(filePath: directory.appending(name))) }
        return try traces(of: canaries, in: directory.path)
    }
}

extension DaemonProcess {
    /// What other processes can read about this one in `/proc`: its command line, names of its threads, and, as root, its
    /// environment.
    func procFiles() throws -> Data {
        var all = Data()
        let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").map { "task/\($0)/comm" }
        for name in ["cmdline", "comm", "environ", "status", "maps"] + tasks {
            all += FileManager.default.contents(atPath: "/proc/\(pid)/\(name)") ?? Data()
        }
        return all
    }
}
