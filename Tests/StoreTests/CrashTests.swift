import Databases
import Glibc
import Testing

@testable import Store

/// A process of its own writes, says what was acknowledged, and is killed at a random moment; nothing it said may be gone.
@Suite(.serialized) struct CrashTests {
    static let variable = "STORE_CRASH_CHILD"
    static var childPath: String? { getenv(variable).map { String(cString: $0) } }

    @Test(.enabled(if: childPath != nil)) func child() async throws {
        let store = try await Store.open(.sqlite(path: #require(CrashTests.childPath)), nowMs: Sample.nowMs)
        let project = try await store.makeProject(email: Sample.id() + "@example.org")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        while true {
                            let start = Sample.start(project, mode: .write)
                            try await store.insertRunning(start)
                            CrashTests.say("running \(start.id)")
                            try await store.finishQuery(id: start.id, Sample.success())
                            CrashTests.say("success \(start.id)")
                        }
                    } catch {
                        CrashTests.say("failed \(error)")
                    }
                }
            }
        }
    }

    /// One `write` a line: whole or not at all.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(3, bytes, bytes.count)
    }

    @Test(.enabled(if: childPath == nil)) func nothingAcknowledgedIsLost() async throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store.db"
        var acknowledged: [String: String] = [:]
        for round in 0..<20 {
            let lines = try killedChild(path, afterLines: Int.random(in: 1...300))
            for line in lines {
                let words = line.split(separator: " ")
                #expect(words.count == 2 && words[0] != "failed", "\(line)")
                if words.count == 2 { acknowledged[String(words[1])] = String(words[0]) }
            }
            let store = try await Store.open(.sqlite(path: path), nowMs: Sample.nowMs)
            var found: [String: String] = [:]
            for var row in try await store.write({ session throws(StoreError) in
                try session.rows("SELECT id, status FROM queries").map(UncheckedRow.init)
            }) {
                let id = try row.row.text()
                found[id] = try row.row.text()
            }
            for (id, status) in acknowledged {
                // What was said to be running may have ended unsaid; what was said to have ended has.
                #expect(
                    found[id].map { $0 == "success" || status == "running" && $0 == "error" } == true, "round \(round): \(id)")
            }
            #expect(found.count <= acknowledged.count + 8 * (round + 1))
            #expect(try await store.integrityProblems() == [])
            await store.close()
        }
        #expect(acknowledged.count > 20)
    }

    private struct UncheckedRow: @unchecked Sendable {  // A value; handed over once.
        var row: Row
    }

    /// Runs ``child()`` in this test program until it has said `count` lines, kills it, and answers all it said.
    private func killedChild(_ path: String, afterLines count: Int) throws -> [String] {
        let child = try ChildProcess(
            "/proc/self/exe", ["--testing-library", "swift-testing", "--filter", "CrashTests/child"],
            environment: ["\(CrashTests.variable)=\(path)"], descriptor: 3)
        let (lines, isKilled) = child.linesUntilKilled { $0 >= count }
        #expect(isKilled, "the child ended by itself: \(lines)")
        return lines
    }
}
