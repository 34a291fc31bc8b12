import Foundation
import TestSupport
import Testing

/// What is acknowledged is on the disk by then, as the kernel saw it.
@Suite(.enabled(if: Trace.isUsable, Trace.reason)) struct SyncOrderTests {
    private enum Event: Equatable { case logWritten, logSynced, directorySynced, replied(Int) }

    /// The calls of a trace in the order in which syncs were over and everything else began.
    private func events(_ file: String) throws -> [Event] {
        var events: [Event] = []
        // Threads whose sync was interrupted by another's line.
        var syncing: [Substring: Event] = [:]
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            let thread = line.prefix { $0 != " " }
            if line.contains(" resumed>") {
                if let event = syncing.removeValue(forKey: thread), line.hasSuffix("= 0") { events.append(event) }
            } else if line.contains("sync(") {
                let event: Event? =
                    line.contains("-wal>") ? .logSynced : line.contains("/state>") ? .directorySynced : nil
                guard let event else { continue }
                if line.hasSuffix("= 0") { events.append(event) } else { syncing[thread] = event }
            } else if line.contains(" pwrite64("), line.contains("-wal>") {
                events.append(.logWritten)
            } else if line.contains(#"\"result\""#), let id = line.firstRange(of: #"\"id\":"#) {
                if let number = Int(line[id.upperBound...].prefix { $0.isNumber }) { events.append(.replied(number)) }
            }
        }
        return events
    }

    /// Security bar E54.
    @Test func `every acknowledged write was synced before`() async throws {
        let directory = try TemporaryDirectory()
        let file = directory.appending("trace")
        let daemon = try await DaemonProcess.start(
            [:], in: directory,
            launcher: [
                "strace", "-D", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "120", "-e", "signal=none", "-o", file, "-e",
                "trace=fsync,fdatasync,pwrite64,write,writev,sendmsg,sendto",
            ])
        let client = try daemon.client()
        _ = try await client.signUp()
        var writes: [Int] = []
        for number in 0..<100 {
            let request = client.send("auth.updateProfile", ["name": .string("name \(number)")])
            _ = try await client.result(of: request, "auth.updateProfile")
            writes.append(request)
        }
        #expect(try await daemon.stop() == 0)
        let events = try events(file)
        #expect(events.contains(.directorySynced))
        var (isWritten, isSynced) = (false, false)
        var replied: [Int] = []
        for event in events {
            switch event {
            // What nobody waits for may be written in between.
            case .logWritten: isWritten = true
            case .logSynced: isSynced = isSynced || isWritten
            case .directorySynced: break
            case .replied(let id):
                if writes.contains(id) {
                    replied.append(id)
                    #expect(isSynced, "request \(id) was answered before its write was synced")
                }
                // The next has to be written and synced anew.
                (isWritten, isSynced) = (false, false)
            }
        }
        #expect(replied == writes)
    }
}
