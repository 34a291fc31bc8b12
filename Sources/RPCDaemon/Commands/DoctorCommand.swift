import ArgumentParser
import Databases
import Glibc
import Security
import Store

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Test configuration, keyring, store, socket and the database client libraries.",
        discussion: "Exits with 1 if something is wrong. While a daemon runs, its store is not opened a second time.")

    @OptionGroup var options: SettingOptions

    func run() async throws {
        var report = Report()
        guard let configuration = report.check("configuration", { try Configuration(Settings.load(options.overrides)) }) else {
            throw ExitCode.failure
        }
        report.check("cryptography") { try Sodium.initialize() }
        report.check("keyring") {
            let path = configuration.keyringPath
            guard access(path, F_OK) == 0 else { return "none yet; the first start makes \(path)" }
            return "\(path), installation \(try Keyring.load(path: path).installation)"
        }
        await report.checkStore(configuration.store)
        report.checkSocket(configuration.socketPath, isShared: configuration.mode == .shared)
        for library in ClientLibraries.versions { report.note(library.name, library.version) }
        if report.hasFailed { throw ExitCode.failure }
    }
}

/// Prints one line a check.
private struct Report {
    private(set) var hasFailed = false

    func note(_ name: String, _ text: String) { print("ok    \(name.padded(to: 16)) \(text)") }

    mutating func fail(_ name: String, _ text: String) {
        hasFailed = true
        print("FAIL  \(name.padded(to: 16)) \(text)")
    }

    @discardableResult mutating func check<Value>(_ name: String, _ body: () throws -> Value) -> Value? {
        do {
            let value = try body()
            note(name, value as? String ?? "")
            return value
        } catch {
            fail(name, "\(error)")
            return nil
        }
    }

    mutating func checkStore(_ location: StoreLocation) async {
        if let path = location.path, access(path, F_OK) != 0 {
            return note("store", "none yet; the first start makes \(path)")
        }
        do throws(StoreError) {
            let store = try await Store.open(location, nowMs: Timestamp.now())
            let problems = try await store.integrityProblems()
            let users = try await store.countUsers()
            await store.close()
            if problems.isEmpty {
                note("store", "\(location.path ?? "a PostgreSQL database"), sound, \(users) account\(users == 1 ? "" : "s")")
            } else {
                fail("store", problems.joined(separator: "; "))
            }
        } catch {
            if error.code == .locked {
                note("store", "in use by a daemon; stop it to check it whole")
            } else {
                fail("store", "\(error)")
            }
        }
    }

    /// A shared socket may be a service manager's, and its permissions are the operator's to choose.
    mutating func checkSocket(_ path: String, isShared: Bool) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return note("socket", "\(path): no daemon serves it") }
        guard status.st_mode & S_IFMT == S_IFSOCK else { return fail("socket", "\(path) is not a socket; remove it") }
        guard isShared || (status.st_mode & 0o177 == 0 && status.st_uid == geteuid()) else {
            return fail("socket", "\(path) must be yours alone: chmod 600 \(path)")
        }
        note("socket", path)
    }
}
