import Databases
import Protocol
import Store
import Synchronization
import TestSupport
import Testing

@testable import Handlers

@Suite struct RunningQueriesTests {
    private let channel = RecordingChannel("a")
    private let client: ClientSession

    init() {
        client = ClientSession(channel: channel)
        client.bind(Identity(userID: "u", sessionID: "s", expiresAtMs: .max, lastUsedAtMs: 0))
    }

    private func query(_ id: String, user: String = "u", isWrite: Bool = false) -> LiveQuery {
        let start = QueryStart(
            id: id, projectID: "p", userID: user, sql: "SELECT 1", mode: isWrite ? .write : .read, source: .script, createdAtMs: 0
        )
        return LiveQuery(start, projectName: "P", sessionID: "s", client: client, sqlBytesMax: 100)
    }

    private func running(perUser: Int = 8) -> RunningQueries {
        var limits = Limits()
        limits.queriesPerUser = perUser
        return RunningQueries(limits: limits)
    }

    @Test func limitsAreThoseOfAUser() throws {
        let running = running(perUser: 2)
        let first = query("1")
        try running.register(first)
        try running.register(query("2"))
        #expect(throws: RunningQueries.Refusal.tooMany) { try running.register(query("3")) }
        try running.register(query("4", user: "v"))
        #expect(throws: RunningQueries.Refusal.idInUse) { try running.register(query("4", user: "w")) }
        running.ended(first)
        running.ended(first)
        try running.register(query("3"))
        #expect(running.count == 3)
    }

    @Test func aCancelThatComesBeforeTheBeginningIsNotLost() throws {
        let running = running()
        let cancelled = Mutex(0)
        try running.register(query("1"))
        running.cancel("1", userID: "other")
        running.cancel("1", userID: "u")
        running.began("1") { cancelled.withLock { $0 += 1 } }
        #expect(cancelled.withLock { $0 } == 1)
    }

    @Test func onlyWritesAreStoppedWhenAProjectBecomesReadOnly() throws {
        let running = running()
        let cancelled = Mutex<[String]>([])
        for (id, isWrite) in [("r", false), ("w", true)] {
            try running.register(query(id, isWrite: isWrite))
            running.began(id) { cancelled.withLock { $0.append(id) } }
        }
        running.cancelWrites(ofProject: "p")
        #expect(cancelled.withLock { $0 } == ["w"])
    }

    /// Any order of starts, ends and ticks on any thread: a watcher hears of each query once that it began and once, later, that
    /// it ended, and of its progress only in between.
    @Test func everyQueryStartsOnceAndEndsOnceForThoseWhoWatch() async throws {
        let running = running(perUser: .max)
        _ = running.subscribe("sub", client: client, userID: "u", projectID: nil)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<1_000 {
                let query = query("q\(number)")
                group.addTask {
                    try? running.register(query)
                    running.started(query)
                    await Task.yield()
                    running.ended(query, QueryEnd(status: number.isMultiple(of: 3) ? .error : .success))
                    running.ended(query, QueryEnd(status: .success))
                }
            }
        }
        var seen: [String: [String]] = [:]
        for text in channel.sent {
            let params = try JSONValue(parsing: Array(text.utf8))["params"]
            seen[params["query"]["queryId"].string ?? "", default: []].append(params["event"].string ?? "")
        }
        #expect(seen.count == 1_000)
        for (id, events) in seen {
            let kinds = events.filter { $0 != "progress" }
            #expect(kinds.count == 2 && kinds.first == "started" && events.first == "started", "\(id): \(events)")
            #expect(events.last == "finished" || events.last == "failed")
        }
        #expect(running.count == 0)
    }

    /// What a reader does not take is counted, told in its place, and never more than the limit waits.
    @Test func whatASlowReaderMissesIsCounted() throws {
        let channel = SlowChannel()
        let outbox = EventOutbox(id: "sub", channel: channel, eventsMax: 4)
        func offer() {
            outbox.offer(QueryEventNotification(subscriptionId: "sub", event: .started))
            outbox.send()
        }
        for _ in 0..<10 { offer() }
        outbox.offerProgress(QueryEventNotification(subscriptionId: "sub", event: .progress))
        outbox.send()
        #expect(channel.kinds == ["started", "started", "started", "started"])
        channel.take(1)
        offer()
        #expect(channel.kinds.suffix(2) == ["missed", "started"])
        offer()
        channel.take(.max)
        #expect(channel.kinds.suffix(2) == ["started", "missed"])
        #expect(channel.missed == [6, 1])
        channel.take(.max)
        outbox.offerProgress(QueryEventNotification(subscriptionId: "sub", event: .progress))
        outbox.send()
        #expect(channel.kinds.last == "progress")
        channel.hangUp()
        offer()
        #expect(channel.kinds.last == "progress")
    }
}

/// A connection whose reader takes events only when told to.
private final class SlowChannel: ClientChannel {
    let connectionID = "slow"
    let peerUID: UInt32? = 1000
    private let state = Mutex<(sent: [JSONValue], pending: [@Sendable (Bool) -> Void])>(([], []))

    var kinds: [String] { state.withLock { $0.sent.map { $0["params"]["event"].string ?? "" } } }
    var missed: [Int] { state.withLock { $0.sent.compactMap { $0["params"]["missed"].integer } } }

    func stream(_ text: JSONText, done: @escaping @Sendable (Bool) -> Void) {
        state.withLock { state in
            if let value = try? JSONValue(parsing: Array(text.string.utf8)) { state.sent.append(value) }
            state.pending.append(done)
        }
    }

    func take(_ count: Int) { finish(count, true) }
    func hangUp() { finish(.max, false) }

    private func finish(_ count: Int, _ isSent: Bool) {
        let taken = state.withLock { state in
            defer { state.pending.removeFirst(min(count, state.pending.count)) }
            return Array(state.pending.prefix(count))
        }
        for done in taken { done(isSent) }
    }

    func notify(_ text: JSONText) {}
    func authenticated(_ isAuthenticated: Bool) {}
    func close() {}
}
