import Glibc
import TestSupport
import Testing

@testable import Databases

/// Which files may be opened at all; none of them blocks, whatever the file is.
@Suite struct SQLiteFilePolicyTests {
    private static func shared(_ roots: String...) -> ConnectionPolicy { ConnectionPolicy(mode: .shared, fileRoots: roots) }

    private static func open(_ path: String, _ policy: ConnectionPolicy) throws -> SQLiteDriver {
        try SQLiteDriver.open(
            ConnectionTarget(databaseType: .sqlite, location: .file(path: path)), ConnectOptions(policy: policy))
    }

    private static func refusal(_ path: String, _ policy: ConnectionPolicy = ConnectionPolicy()) throws -> DatabaseError {
        try databaseError { _ = try open(path, policy) }
    }

    @Test func onlyRegularFilesAreOpened() throws {
        let file = try SQLiteTestFile()
        mkfifo(file.directory + "/fifo", 0o600)
        mkdir(file.directory + "/dir.db", 0o700)
        let socket = try boundSocket(file.directory + "/socket")
        defer { close(socket) }
        symlink("/dev/zero", file.directory + "/zero")
        symlink(file.directory + "/fifo", file.directory + "/to-fifo")
        symlink("/proc/self/environ", file.directory + "/environ")
        symlink("loop", file.directory + "/loop")
        let cases = [
            ("/fifo", "FIFO"), ("/dir.db", "directory"), ("/socket", "socket"), ("/zero", "/dev"), ("/to-fifo", "FIFO"),
            ("/environ", "/proc"), ("/loop", "symbolic links"), ("/.", "directory"),
        ]
        for policy in [ConnectionPolicy(), Self.shared(file.directory)] {
            for (name, word) in cases {
                let error = try Self.refusal(file.directory + name, policy)
                #expect(error.code == .policy && error.phase == .policy, "\(name): \(error)")
                if policy.mode == .personal { #expect(error.message.contains(word), "\(name): \(error.message)") }
            }
        }
    }

    @Test(arguments: [
        "/dev/null", "/dev/zero", "/dev/shm/x.db", "/proc/self/environ", "/proc/self/fd/0", "/proc/self/cwd/x", "//proc/version",
        "/./proc/version", "/tmp/../proc/version", "/sys/kernel/notes", "/proc/self/root/etc/hostname",
    ])
    func kernelFilesAreRefused(_ path: String) throws {
        #expect(try Self.refusal(path).code == .policy)
        #expect(try Self.refusal(path, Self.shared("/")).code == .policy)
    }

    @Test func whatIsNotThereIsNotMade() throws {
        let file = try SQLiteTestFile()
        let names = fileNames(file.directory)
        for path in ["/missing.db", "/no/such/dir.db", "/test.db/x"] {
            let error = try Self.refusal(file.directory + path)
            #expect(error.code == .unknownDatabase && error.phase == .database)
            #expect(!error.message.contains(file.directory))
        }
        #expect(try Self.refusal(file.directory + "/" + String(repeating: "n", count: 300)).code == .unknownDatabase)
        #expect(fileNames(file.directory) == names)
        unlink(file.path)
        let driver = try? file.driver()
        #expect(driver == nil)
    }

    @Test func whatIsNotADatabaseIsToldApart() throws {
        let file = try SQLiteTestFile()
        let path = file.directory + "/other"
        let magic = Array("SQLite format 3\0".utf8)
        for bytes in [Array("hello".utf8), [UInt8](repeating: 0, count: 4_096), magic, [UInt8](repeating: 65, count: 100_000)] {
            writeBytes(path, bytes)
            let error = try Self.refusal(path)
            #expect(error.code == .notADatabase && error.phase == .database, "\(error)")
            #expect(fileBytes(path) == bytes)
        }
        // The right beginning, then rubbish: SQLite itself says no.
        writeBytes(path, magic + [UInt8](repeating: 0x5A, count: 4_096))
        #expect(try Self.refusal(path).phase == .database)
        // An empty file is an empty database, as everywhere with SQLite.
        writeBytes(path, [])
        let empty = try Self.open(path, ConnectionPolicy())
        #expect(try empty.run("SELECT count(*) FROM sqlite_schema").rows == "[[0]]")
        #expect(fileBytes(path).isEmpty)
    }

    @Test func theDaemonsOwnFilesAreRefusedByWhatTheyAre() throws {
        let file = try SQLiteTestFile()
        var status = stat()
        stat(file.path, &status)
        let own = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        link(file.path, file.directory + "/hard.db")
        symlink("test.db", file.directory + "/soft.db")
        let paths = [
            "/test.db", "/hard.db", "/soft.db", "/../" + file.directory.split(separator: "/").last!.description + "/test.db",
        ]
        for path in paths {
            var policy = ConnectionPolicy(forbiddenFiles: [own])
            #expect(try Self.refusal(file.directory + path, policy).message.contains("daemon itself"))
            policy.mode = .shared
            policy.fileRoots = [file.directory]
            #expect(try Self.refusal(file.directory + path, policy).code == .policy)
        }
    }

    @Test func sharedModeStaysBelowItsRoots() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a);")
        let outside = try SQLiteTestFile()
        let root = file.directory
        symlink("test.db", root + "/soft.db")
        symlink(outside.path, root + "/escape.db")
        symlink(outside.directory, root + "/out")
        symlink(root, outside.directory + "/in")
        mkdir(root + "-twin", 0o700)
        defer { rmdir(root + "-twin") }
        let policy = Self.shared("/nonexistent", root)
        _ = try Self.open(root + "/test.db", policy)
        _ = try Self.open(root + "/./test.db", policy)
        // A directory that is a link is resolved; what counts is where the file really is.
        _ = try Self.open(outside.directory + "/in/test.db", policy)
        #expect(try Self.refusal(root + "/soft.db", policy).message.contains("symbolic link"))
        let answers = try [
            outside.path, root + "/escape.db", root + "/out/test.db", root + "/../../etc/hostname", "/etc/shadow",
            // There or not, the answer is the same.
            outside.directory + "/missing", "/etc/missing", root + "/out/missing", root + "-twin/x.db", "/", "/root/x/y",
            "relative",
            root + "/out/../../../etc/missing",
        ].map { try Self.refusal($0, policy) }
        let texts = Set(answers.filter { $0.message != "The path is not absolute." }.map(\.message))
        #expect(texts.count == 1 && answers.allSatisfy { $0.code == .policy && $0.phase == .policy })
        #expect(try Self.refusal(root + "/missing.db", policy).code == .unknownDatabase)
        #expect(try Self.refusal("~/x.db", policy).code == .policy)
        #expect(try Self.refusal(file.path, Self.shared()).code == .policy)
    }

    @Test func personalModeFollowsLinksToTheRealFile() throws {
        let file = try SQLiteTestFile("CREATE TABLE t (a);")
        symlink("test.db", file.directory + "/soft.db")
        let driver = try Self.open(file.directory + "/soft.db", ConnectionPolicy())
        #expect(try driver.metadata().tableCount == 1)
    }

    @Test func aFileExchangedAfterItWasCheckedIsRefused() throws {
        let file = try SQLiteTestFile("CREATE TABLE good (a);")
        let other = try SQLiteTestFile("CREATE TABLE other (a);")
        let checked = try SQLiteFilePolicy.check(file.path, ConnectionPolicy())
        rename(other.path, file.path)
        let error = try databaseError { try SQLiteHandle.open(checked, .read, SQLiteStatementWatch()).close() }
        #expect(error.code == .policy && error.message.contains("exchanged"), "\(error)")
    }

    @Test func aFileThatIsSwappedAllTheTimeIsNeverTheForbiddenOne() throws {
        let file = try SQLiteTestFile("CREATE TABLE good (a);")
        let secret = try SQLiteTestFile("CREATE TABLE secret (a); CREATE TABLE secret2 (a);")
        rename(secret.path, file.directory + "/secret.db")
        var status = stat()
        stat(file.directory + "/secret.db", &status)
        let policy = ConnectionPolicy(
            forbiddenFiles: [FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))])
        let (one, two) = (file.path, file.directory + "/secret.db")
        // Other names of the two files, from which they are put in place as fast as one thread can.
        link(one, one + ".a")
        link(two, two + ".b")
        let racing = Racing()
        let swapping = BackgroundThread {
            while !racing.isOver {
                for source in [two + ".b", one + ".a"] {
                    link(source, one + ".new")
                    rename(one + ".new", one)
                }
            }
        }
        defer {
            racing.end()
            swapping.join()
        }
        var outcomes: [String: Int] = [:]
        let deadline = ContinuousClock.now + .promptly
        var rounds = 0
        while rounds < 1_000 || (outcomes.count < 2 && ContinuousClock.now < deadline) {
            rounds += 1
            do {
                let handle = try SQLiteHandle.open(try SQLiteFilePolicy.check(one, policy), .read, SQLiteStatementWatch())
                defer { handle.close() }
                SQLiteGate.discard(try SQLiteGate.prepare("SELECT count(*) FROM good", handle))
                outcomes["good", default: 0] += 1
            } catch {
                outcomes[error.message, default: 0] += 1
            }
        }
        #expect(outcomes["good", default: 0] > 0)
        #expect(outcomes.count > 1, "the race was never met")
        // "no such table: good" would be the secret file, read.
        #expect(!outcomes.keys.contains { $0.contains("no such table") }, "\(outcomes)")
    }

    private func boundSocket(_ path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8) + [0]) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw TestFailure("bind") }
        return descriptor
    }
}
