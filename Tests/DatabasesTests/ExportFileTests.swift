import Glibc
import Protocol
import TestSupport
import Testing

@testable import Databases

/// Where files may be written, and what is left of them when they fail.
@Suite struct ExportFileTests {
    private let directory: TemporaryDirectory
    private var root: String { directory.path }

    init() throws { directory = try TemporaryDirectory() }

    private static func rows(_ count: Int = 3) -> SpooledPage {
        let rows = "[" + (0..<count).map { "[\($0)]" }.joined(separator: ",") + "]"
        return SpooledPage(index: 0, firstRow: 0, rowCount: count, rows: JSONText(rows), hasMore: false)
    }

    private func write(
        _ path: String, overwrite: Bool = false, _ policy: ConnectionPolicy = ConnectionPolicy(), rows: Int = 3,
        publish: Bool = true
    ) async throws(DatabaseError) -> String {
        let file = try await ExportFile.begin(path, overwrite: overwrite, policy: policy)
        let export = ResultExport(
            .csv, ResultFormatOptions(), columns: [Databases.Column(name: "n", type: "", encoding: .integer)], engine: .sqlite)
        export.begin()
        _ = try await export.add(Self.rows(rows), from: 0, bytesMax: .max)
        export.end(isTruncated: false)
        do throws(DatabaseError) {
            _ = try await file.write(export)
            if publish { try await file.publish() } else { await file.discard() }
        } catch {
            await file.discard()
            throw error
        }
        return file.path
    }

    private func refusal(
        _ path: String, overwrite: Bool = false, _ policy: ConnectionPolicy = ConnectionPolicy(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> DatabaseError? {
        await #expect(throws: DatabaseError.self, "\(path)", sourceLocation: sourceLocation) {
            try await write(path, overwrite: overwrite, policy)
        }
    }

    private func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = max(read(descriptor, &bytes, bytes.count), 0)
        return String(decoding: bytes[0..<count], as: UTF8.self)
    }

    private func put(_ path: String, _ text: String) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        _ = Glibc.write(descriptor, text, text.utf8.count)
        close(descriptor)
    }

    private func identity(_ path: String) -> FileIdentity {
        var status = stat()
        stat(path, &status)
        return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    @Test(arguments: ["plain.csv", "it's \"odd\".csv", "line\nbreak", "ünï 源氏 😀.csv", "-rf", String(repeating: "n", count: 255)])
    func aFileIsWholeAndPrivate(name: String) async throws {
        let path = root + "/" + name
        #expect(try await write(path) == path)
        #expect(contents(path) == "n\r\n0\r\n1\r\n2\r\n")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o600 && status.st_nlink == 1)
        #expect(entries(root) == [name])
    }

    @Test func nothingIsOverwrittenUnlessAsked() async throws {
        let path = root + "/a.csv"
        put(path, "precious")
        let before = identity(path)
        let error = await refusal(path)
        #expect(error?.code == .conflict && error?.message.contains("overwrite") == true)
        #expect(contents(path) == "precious" && entries(root) == ["a.csv"])
        _ = try await write(path, overwrite: true, rows: 1)
        #expect(contents(path) == "n\r\n0\r\n" && identity(path) != before && entries(root) == ["a.csv"])
    }

    /// A file that appears while the export is written is as precious.
    @Test func aFileThatCameMeanwhileStays() async throws {
        let path = root + "/late.csv"
        let file = try await ExportFile.begin(path, overwrite: false, policy: ConnectionPolicy())
        put(path, "precious")
        let error = await #expect(throws: DatabaseError.self) { try await file.publish() }
        #expect(error?.code == .conflict && contents(path) == "precious")
        let other = try await ExportFile.begin(root + "/link.csv", overwrite: true, policy: ConnectionPolicy())
        symlink(path, root + "/link.csv")
        await #expect(throws: DatabaseError.self) { try await other.publish() }
        #expect(contents(path) == "precious")
    }

    @Test func whatIsDiscardedLeavesNothing() async throws {
        _ = try await write(root + "/a.csv", publish: false)
        put(root + "/b.csv", "old")
        _ = try await write(root + "/b.csv", overwrite: true, publish: false)
        do { _ = try await ExportFile.begin(root + "/c.csv", overwrite: false, policy: ConnectionPolicy()) }
        #expect(entries(root) == ["b.csv"] && contents(root + "/b.csv") == "old")
    }

    @Test func onlyRegularFilesAreReplaced() async throws {
        mkfifo(root + "/fifo", 0o600)
        mkdir(root + "/dir", 0o700)
        put(root + "/target", "precious")
        symlink(root + "/target", root + "/link")
        symlink(root + "/nowhere", root + "/dangling")
        symlink("/etc/passwd", root + "/passwd")
        for name in ["fifo", "dir", "link", "dangling", "passwd"] {
            for overwrite in [false, true] {
                #expect(await refusal(root + "/" + name, overwrite: overwrite)?.code == .policy, "\(name)")
            }
        }
        #expect(contents(root + "/target") == "precious" && access(root + "/nowhere", F_OK) != 0)
        #expect(entries(root).count == 6)
    }

    @Test func pathsThatAreNone() async throws {
        for path in ["a.csv", "./a.csv", "", root + "/", root + "/.", root + "/..", "/", "~", "~root/a.csv", root + "/a\0b"] {
            #expect(await refusal(path)?.code == .policy, "\(path)")
        }
        for path in [
            "/proc/self/x", "/dev/shm/x.csv", "/sys/x", "//proc/x", "/./dev/x", "/tmp/../proc/x", "/proc/self/cwd/x", "/dev/null",
        ] {
            #expect(await refusal(path, overwrite: true)?.code == .policy, "\(path)")
        }
        // Through a link to one of these.
        symlink("/proc/self", root + "/self")
        symlink("/dev", root + "/dev")
        for path in ["/self/x", "/dev/x"] { #expect(await refusal(root + path)?.code == .policy, "\(path)") }
        for (path, word) in [
            ("/no/such/x", "does not exist"), ("/file/x", "not a directory"),
            ("/" + String(repeating: "n", count: 256), "longer"),
        ] {
            put(root + "/file", "")
            let error = await refusal(root + path)
            #expect(error?.code == .fileFailed && error?.phase == .open, "\(path)")
            #expect(error?.message.contains(word) == true && error?.message.contains(root) == false)
        }
    }

    @Test func theDaemonsOwnAreNotTouched() async throws {
        let state = root + "/state"
        mkdir(state, 0o700)
        mkdir(state + "/below", 0o700)
        put(root + "/store", "precious")
        symlink(state, root + "/alias")
        let policy = ConnectionPolicy(forbiddenFiles: [identity(root + "/store")], forbiddenDirectories: [identity(state)])
        for path in [
            "/store", "/state/store.sqlite-journal", "/state/below/x", "/state/../state/x", "/alias/x", "/alias/below/x",
        ] {
            #expect(await refusal(root + path, overwrite: true, policy)?.code == .policy, "\(path)")
        }
        link(root + "/store", root + "/hard")
        #expect(await refusal(root + "/hard", overwrite: true, policy)?.code == .policy)
        #expect(contents(root + "/store") == "precious" && entries(state) == ["below"] && entries(state + "/below").isEmpty)
        _ = try await write(root + "/beside.csv", policy)
    }

    @Test func sharedModeStaysBelowItsRoots() async throws {
        mkdir(root + "/open", 0o700)
        mkdir(root + "/open/deep", 0o700)
        mkdir(root + "/closed", 0o700)
        mkdir(root + "/opened", 0o700)
        symlink(root + "/closed", root + "/open/out")
        let policy = ConnectionPolicy(mode: .shared, fileRoots: [root + "/open"])
        #expect(try await write(root + "/open/a.csv", policy) == root + "/open/a.csv")
        #expect(try await write(root + "/open/deep/a.csv", policy) == root + "/open/deep/a.csv")
        let answer = await refusal(root + "/closed/a.csv", policy)
        #expect(answer?.code == .policy)
        for path in [
            root + "/open/out/a.csv", root + "/open/../closed/a.csv", root + "/opened/a.csv", root + "/a.csv", "/etc/a.csv",
            root + "/missing/a.csv", root + "/open/../missing/a.csv", root + "/open",
        ] {
            #expect(await refusal(path, policy)?.message == answer?.message, "\(path)")
        }
        #expect(await refusal("~/a.csv", policy)?.code == .policy)
        // Who may write there also learns what is there.
        #expect(await refusal(root + "/open/missing/a.csv", policy)?.code == .fileFailed)
        #expect(await refusal(root + "/open/a.csv", policy)?.code == .conflict)
        #expect(entries(root + "/closed").isEmpty && entries(root + "/opened").isEmpty)
    }

    /// Where mounting is allowed: a disk that is full, and one that cannot be written.
    @Test func aFullAndAReadOnlyDisk() async throws {
        for (name, options, rows, phase) in [
            ("full", "size=64k", 100_000, DatabaseError.Phase.write), ("fixed", "ro", 3, .open),
        ] {
            let place = root + "/" + name
            mkdir(place, 0o700)
            guard mount("tmpfs", place, "tmpfs", options == "ro" ? UInt(1) : 0, options == "ro" ? nil : options) == 0 else {
                print("skipped: no right to mount")
                return
            }
            defer { umount(place) }
            let error = await #expect(throws: DatabaseError.self) { try await write(place + "/a.csv", rows: rows) }
            #expect(error?.code == .fileFailed && error?.phase == phase, "\(name): \(String(describing: error))")
            #expect(entries(place).isEmpty)
        }
    }
}

private func entries(_ directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}
