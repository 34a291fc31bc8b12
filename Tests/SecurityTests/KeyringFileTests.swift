import Foundation
import Testing

@testable import Security

final class KeyringFileTests {
    private let directory: String
    private var path: String { directory + "/keyring.json" }

    init() throws { directory = try Fixtures.makeDirectory() }
    deinit { Fixtures.removeDirectory(directory) }

    private func code(_ body: () throws -> Void) -> SecurityError.Code? {
        do {
            try body()
            return nil
        } catch {
            let error = error as? SecurityError
            #expect(error?.message.isEmpty == false)
            return error?.code
        }
    }

    private func loadCode() -> SecurityError.Code? { code { _ = try Keyring.load(path: path) } }

    private func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func write(_ text: String, mode: Int = 0o600) throws {
        try? FileManager.default.removeItem(atPath: path)
        try #require(
            FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]))
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    // MARK: Creating

    @Test func createsAPrivateFileInAPrivateDirectoryAndReadsItBack() throws {
        let path = directory + "/state/dbassist/keyring.json"
        let created = try Keyring.create(path: path)
        #expect(try mode(path) == 0o600)
        #expect(try mode(directory + "/state/dbassist") == 0o700)
        #expect(try mode(directory + "/state") == 0o700)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/state/dbassist") == ["keyring.json"])
        let loaded = try Keyring.load(path: path)
        #expect(loaded.installation == created.installation)
        #expect(loaded.signingKey.verificationKey == created.signingKey.verificationKey)
        #expect(loaded.sealingKey.id == created.sealingKey.id)
        #expect(code { _ = try Keyring.create(path: path) } == .keyringExists)
        #expect(try Keyring.loadOrCreate(path: path).installation == created.installation)
    }

    @Test func aMissingKeyringIsSaidToBeMissing() {
        #expect(loadCode() == .keyringMissing)
        #expect(code { _ = try Keyring.load(path: directory + "/nowhere/keyring.json") } == .keyringMissing)
        for path in ["", "/", directory + "/", directory + "/.", directory + "/.."] {
            #expect(code { _ = try Keyring.load(path: path) } == .keyringNotAFile)
        }
    }

    @Test func leftoversOfAKilledWriterDoNotMatter() throws {
        _ = FileManager.default.createFile(atPath: directory + "/.keyring.json.new", contents: Data("half a key".utf8))
        _ = try Keyring.create(path: path)
        _ = FileManager.default.createFile(atPath: directory + "/.keyring.json.new", contents: Data("half a key".utf8))
        let added = try Keyring.rotate([.signing], path: path)
        #expect(try Keyring.load(path: path).verificationKeys == added.verificationKeys)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["keyring.json"])
    }

    @Test func ofManyThreadsOneCreatesAndAllReadTheSame() async throws {
        for round in 0..<20 {
            let path = directory + "/round\(round)/keyring.json"
            let results = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 { group.addTask { try Keyring.loadOrCreate(path: path).installation } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(results.count == 1)
        }
    }

    @Test func ofManyProcessesOneCreatesAndAllReadTheSame() async throws {
        let path = directory + "/state/keyring.json"
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    await #expect(processExitsWith: .success) { [path = path as String] in
                        let keyring = try Keyring.loadOrCreate(path: path)
                        let line = "\(keyring.installation) \(keyring.signingKey.verificationKey.id)\n"
                        let log = open(path + ".log", O_WRONLY | O_APPEND | O_CREAT, 0o600)
                        try #require(Glibc.write(log, line, line.utf8.count) == line.utf8.count)
                    }
                }
            }
        }
        let lines = try String(contentsOfFile: path + ".log", encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 8)
        #expect(Set(lines).count == 1)
    }

    @Test func concurrentRotationsAllHappen() async throws {
        let path = path
        _ = try Keyring.create(path: path)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { _ = try Keyring.rotate([.signing], path: path) }
                group.addTask { _ = try Keyring.rotate([.sealing], path: path) }
            }
            try await group.waitForAll()
        }
        let keyring = try Keyring.load(path: path)
        #expect(keyring.signing.count == 9 && keyring.sealing.count == 9)
        #expect(try mode(path) == 0o600)
        let oldest = keyring.signing[0].id
        #expect(try Keyring.retire(path: path, id: oldest).verificationKeys.count == 8)
        #expect(try Keyring.load(path: path).verificationKeys.count == 8)
    }

    // MARK: Tampering

    @Test(arguments: [0o640, 0o604, 0o660, 0o622, 0o644, 0o610, 0o601, 0o777]) func refusesAFileOthersMayUse(mode: Int) throws {
        _ = try Keyring.create(path: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(loadCode() == .keyringPermissions)
        #expect(code { _ = try Keyring.loadOrCreate(path: path) } == .keyringPermissions)
    }

    @Test(arguments: [0o750, 0o705, 0o711, 0o770, 0o777, 0o1777]) func refusesADirectoryOthersMayUse(mode: Int) throws {
        _ = try Keyring.create(path: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: directory)
        #expect(loadCode() == .keyringPermissions)
        #expect(code { _ = try Keyring.create(path: directory + "/another.json") } == .keyringPermissions)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root to give a file away")) func refusesAnotherOwner() throws {
        _ = try Keyring.create(path: path)
        #expect(chown(path, 12_345, 12_345) == 0)
        #expect(loadCode() == .keyringOwner)
        #expect(chown(path, 0, 0) == 0)
        #expect(chown(directory, 12_345, 12_345) == 0)
        #expect(loadCode() == .keyringOwner)
        #expect(chown(directory, 0, 0) == 0)
        #expect(loadCode() == nil)
    }

    @Test func refusesWhatIsNotARegularFile() throws {
        _ = try Keyring.create(path: directory + "/real.json")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: directory + "/real.json")
        #expect(loadCode() == .keyringNotAFile)
        #expect(code { _ = try Keyring.create(path: path) } == .keyringExists)
        #expect(code { _ = try Keyring.loadOrCreate(path: path) } == .keyringNotAFile)
        #expect(unlink(path) == 0)
        // A link that leads nowhere is not "missing": nothing must be created through it.
        #expect(symlink(directory + "/nowhere.json", path) == 0)
        #expect(loadCode() == .keyringNotAFile)
        #expect(code { _ = try Keyring.create(path: path) } == .keyringExists)
        #expect(access(directory + "/nowhere.json", F_OK) != 0)
        #expect(unlink(path) == 0)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(loadCode() == .keyringNotAFile)
        #expect(unlink(path) == 0)
        #expect(mkdir(path, 0o700) == 0)
        #expect(loadCode() == .keyringNotAFile)
    }

    @Test func refusesEveryTruncation() throws {
        _ = try Keyring.create(path: path)
        let whole = try text()
        for count in 0..<(whole.utf8.count - 1) {
            try write(String(decoding: whole.utf8.prefix(count), as: UTF8.self))
            if loadCode() != .keyringDamaged { Issue.record("\(count) bytes: \(String(describing: loadCode()))") }
        }
        try write(whole)
        #expect(loadCode() == nil)
        try write(whole + String(repeating: " ", count: KeyringText.bytesMax))
        #expect(loadCode() == .keyringDamaged)
    }

    @Test func refusesAnotherVersionWhateverElseItSays() throws {
        _ = try Keyring.create(path: path)
        let whole = try text()
        for version in ["2", "0", "-1", "99999999999"] {
            try write(whole.replacing("\"version\":1", with: "\"version\":\(version)"))
            #expect(loadCode() == .keyringVersion)
        }
        try write("{\"version\":2,\"keys\":{}}")
        #expect(loadCode() == .keyringVersion)
        for version in ["\"1\"", "null", "1.5", "{}"] {
            try write(whole.replacing("\"version\":1", with: "\"version\":\(version)"))
            #expect(loadCode() == .keyringDamaged)
        }
    }

    @Test func refusesTwoKeysWithOneId() throws {
        _ = try Keyring.create(path: path)
        let whole = try text()
        for start in ["{\"id\":\"k4", "{\"id\":\"\(try Keyring.load(path: path).sealingKey.idText)"] {
            let from = try #require(whole.range(of: start)).lowerBound
            let to = try #require(whole[from...].firstIndex(of: "}"))
            try write(whole.replacingCharacters(in: to...to, with: "},\n\(whole[from...to])"))
            #expect(loadCode() == .keyringDuplicateKey)
        }
    }

    @Test func refusesDamagedMembers() throws {
        let keyring = try Keyring.create(path: path)
        let whole = try text()
        let seed = keyring.signing[0].secret.withUnsafeBytes { Base64URL.encode(Array($0)) }
        let master = keyring.sealing[0].secret.withUnsafeBytes { Base64URL.encode(Array($0)) }
        let changes: [(String, String)] = [
            (seed, Base64URL.encode([UInt8](repeating: 1, count: 32))),
            (master, Base64URL.encode([UInt8](repeating: 1, count: 32))),
            (seed, Base64URL.encode([UInt8](repeating: 1, count: 31))), (seed, seed + "="), (seed, ""),
            ("\"\(seed)\"", "null"), ("\"\(seed)\"", "12"), (keyring.installation, "here"), (keyring.installation, ""),
            ("\"active\"", "\"retired\""), ("\"active\"", "\"maybe\""), ("\"active\"", "true"), ("\"status\"", "\"state\""),
            ("\"installation\"", "\"Installation\""), ("dbassist-keyring", "another"),
            ("\"version\":1", "\"version\":1,\"extra\":1"),
            ("\"version\":1", "\"version\":1,\"version\":1"), ("\"sealing\":[", "\"sealing\":[],\"other\":["),
            ("Z\"", "+00:00\""),
            ("}]}", "},]}"), ("{\"format\"", "[{\"format\""),
        ]
        for (old, new) in changes {
            let changed = whole.replacing(old, with: new)
            #expect(changed != whole)
            try write(changed)
            #expect(loadCode() == .keyringDamaged, "\(old.prefix(20)) → \(new.prefix(20))")
        }
        for text in ["", " ", "{}", "[]", "null", "\0", "keyring"] {
            try write(text)
            #expect(loadCode() == .keyringDamaged)
        }
    }

    @Test func aKeyringThatIsRefusedIsLeftAlone() throws {
        try write("not a keyring")
        #expect(code { _ = try Keyring.loadOrCreate(path: path) } == .keyringDamaged)
        #expect(code { _ = try Keyring.rotate([.signing], path: path) } == .keyringDamaged)
        #expect(try text() == "not a keyring")
    }
}
