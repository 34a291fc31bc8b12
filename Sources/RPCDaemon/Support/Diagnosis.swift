import Databases
import Glibc
import Security
import Store
import Transport

/// What `dbassistd doctor` looks at: one line a check.
struct Diagnosis {
    struct Line {
        var isWell: Bool
        var name: String
        var text: String

        var shown: String { "\(isWell ? "ok  " : "FAIL")  \(name.padded(to: 16)) \(text)" }
    }

    private let report: (Line) -> Void
    private(set) var hasFailed = false

    /// - Parameter report: hears each line as soon as it is known.
    init(report: @escaping (Line) -> Void) { self.report = report }

    /// Looks at everything; only a configuration that cannot be used ends it early.
    mutating func run(_ overrides: SettingOverrides) {
        guard let configuration = check("configuration", { try Configuration(Settings.load(overrides)) }) else { return }
        check("cryptography") { try Sodium.initialize() }
        check("keyring") {
            let path = configuration.keyringPath
            guard access(path, F_OK) == 0 else { return "none yet; the first start makes \(path)" }
            return "\(path), installation \(try Keyring.load(path: path).installation)"
        }
        checkStore(configuration.store)
        checkSocket(configuration.socketPath, isShared: configuration.mode == .shared)
        for library in ClientLibraries.versions { note(library.name, library.version) }
    }

    private func note(_ name: String, _ text: String) { report(Line(isWell: true, name: name, text: text)) }

    private mutating func fail(_ name: String, _ text: String) {
        hasFailed = true
        report(Line(isWell: false, name: name, text: text))
    }

    @discardableResult private mutating func check<Value>(_ name: String, _ body: () throws -> Value) -> Value? {
        do {
            let value = try body()
            note(name, value as? String ?? "")
            return value
        } catch {
            fail(name, "\(error)")
            return nil
        }
    }

    private mutating func checkStore(_ location: StoreLocation) {
        if let path = location.path, access(path, F_OK) != 0 {
            return note("store", "none yet; the first start makes \(path)")
        }
        do throws(StoreError) {
            let problems = try Store.check(location)
            if problems.isEmpty {
                note("store", "\(location.path ?? "a PostgreSQL database"), sound")
            } else {
                fail("store", problems.joined(separator: "; "))
            }
        } catch {
            if error.code == .olderSchema {
                note("store", "empty or of an older version; the next start of the daemon brings it up to date")
            } else {
                fail("store", "\(error)")
            }
        }
    }

    /// A shared socket may be a service manager's, and its permissions are the operator's to choose.
    private mutating func checkSocket(_ path: String, isShared: Bool) {
        guard !SocketFile.isTooLong(path) else { return fail("socket", "\(path) is longer than 107 bytes; choose a shorter one") }
        var status = stat()
        guard lstat(path, &status) == 0 else { return note("socket", "\(path): no daemon serves it") }
        guard status.st_mode & S_IFMT == S_IFSOCK else { return fail("socket", "\(path) is not a socket; remove it") }
        guard isShared || (status.st_mode & 0o177 == 0 && status.st_uid == geteuid()) else {
            return fail("socket", "\(path) must be yours alone: chmod 600 \(path)")
        }
        note("socket", path)
    }
}
