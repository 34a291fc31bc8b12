import Glibc

/// Where the key of an endpoint comes from. Printing it, or anything that holds it, shows no key.
public enum ModelKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    case none
    /// The key itself, taken from the environment at start.
    case value(String)
    /// A file that is read whenever the key is used, so that a new key needs no restart.
    case file(String)

    public var description: String {
        switch self {
        case .none: "no key"
        case .value: "a key"
        case .file: "a key file"
        }
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The key; nil where there is none.
    /// - Throws: `notConfigured`, naming the setting.
    func read(for settings: ModelSettings) throws(ModelError) -> String? {
        switch self {
        case .none: return nil
        case .value(let key): return try Self.checked(Array(key.utf8), "DBASSIST_MODEL_KEY")
        case .file(let path):
            let setting = settings.setting(.keyFile)
            return try Self.checked(try Self.contents(of: path, setting), "The file of \(setting)")
        }
    }

    private static func contents(of path: String, _ setting: String) throws(ModelError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let reason = errno == ENOENT ? "does not exist" : "cannot be read"
            throw ModelError(.notConfigured, "The file of \(setting) \(reason); write the key into it and chmod 600 it.")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ModelError(.notConfigured, "What \(setting) names is no file; write the key into a file and chmod 600 it.")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw ModelError(.notConfigured, "The file of \(setting) can be read by others; chmod 600 it.")
        }
        var bytes = [UInt8](repeating: 0, count: ModelLimits.keyBytes + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw ModelError(.notConfigured, "The file of \(setting) cannot be read.") }
            if got == 0 { break }
            count += got
        }
        return Array(bytes[..<count])
    }

    /// The key without the white space around it. It goes into a header, where it could say more than it should.
    private static func checked(_ bytes: [UInt8], _ place: String) throws(ModelError) -> String {
        let key = bytes.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
        guard !key.isEmpty else { throw ModelError(.notConfigured, "\(place) holds no key; write the key into it.") }
        guard key.count <= ModelLimits.keyBytes, key.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ModelError(.notConfigured, "\(place) must hold the key alone: one word of ASCII characters.")
        }
        return String(decoding: key, as: UTF8.self)
    }
}
