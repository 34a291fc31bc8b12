import Synchronization
import Testing

@testable import Handlers

@Suite struct TurnRegistryTests {
    /// How often each turn was asked to stop.
    private final class Stops: Sendable {
        private let counts = Mutex<[String: Int]>([:])
        func add(_ thread: String) { counts.withLock { $0[thread, default: 0] += 1 } }
        var all: [String: Int] { counts.withLock { $0 } }
    }

    private let stops = Stops()

    private func turn(
        _ thread: String, user: String = "u", project: String = "p", session: String = "s", connection: String = "c"
    ) -> Turn {
        let stops = stops
        return Turn(threadID: thread, projectID: project, userID: user, sessionID: session, connectionID: connection) {
            stops.add(thread)
        }
    }

    @Test func aThreadHasOneTurnAndAUserSoMany() {
        let turns = TurnRegistry(perUserMax: 2)
        let first = turn("1")
        #expect(turns.begin(first) == .began)
        #expect(turns.begin(turn("1")) == .threadBusy)
        #expect(turns.begin(turn("2")) == .began)
        #expect(turns.begin(turn("3")) == .tooMany)
        #expect(turns.begin(turn("4", user: "v")) == .began)
        turns.ended(first)
        #expect(turns.begin(turn("3")) == .began)
        #expect(turns.count == 3 && stops.all.isEmpty)
    }

    @Test func theEndOfAnEarlierTurnDoesNotEndALaterOne() {
        let turns = TurnRegistry(perUserMax: 2)
        let first = turn("1")
        #expect(turns.begin(first) == .began)
        turns.ended(first)
        #expect(turns.begin(turn("1")) == .began)
        turns.ended(first)
        #expect(turns.begin(turn("1")) == .threadBusy)
    }

    @Test func aTurnIsAskedOnceAndStaysUntilItEnds() {
        let turns = TurnRegistry(perUserMax: 9)
        let first = turn("1")
        #expect(turns.begin(first) == .began)
        turns.cancel(threadID: "1", userID: "v")
        turns.cancel(threadID: "2", userID: "u")
        #expect(stops.all.isEmpty)
        for _ in 0..<3 { turns.cancel(threadID: "1", userID: "u") }
        turns.cancelAll()
        #expect(stops.all == ["1": 1])
        #expect(turns.begin(turn("1")) == .threadBusy)
        turns.ended(first)
        // Another of the thread can be asked again.
        #expect(turns.begin(turn("1")) == .began)
        turns.cancelAll()
        #expect(stops.all == ["1": 2])
    }

    @Test func turnsAreStoppedWithWhatTheyBelongTo() {
        let turns = TurnRegistry(perUserMax: 9)
        for turn in [
            turn("1"), turn("2", project: "q"), turn("3", session: "t"), turn("4", connection: "d"),
            turn("5", user: "v", session: "z"),
        ] { #expect(turns.begin(turn) == .began) }
        turns.cancel(ofProject: "q")
        #expect(Set(stops.all.keys) == ["2"])
        turns.cancel(ofSession: "t")
        #expect(Set(stops.all.keys) == ["2", "3"])
        turns.cancel(ofSession: "s", exceptConnection: "c")
        #expect(Set(stops.all.keys) == ["2", "3", "4"])
        turns.cancel(ofUser: "v")
        #expect(Set(stops.all.keys) == ["2", "3", "4", "5"])
        turns.cancel(ofConnection: "c")
        #expect(stops.all == ["1": 1, "2": 1, "3": 1, "4": 1, "5": 1])
    }

    /// A turn that ends in the very call that asks it to.
    @Test func stoppingMayEndTheTurn() {
        let turns = TurnRegistry(perUserMax: 1)
        let holder = Mutex<Turn?>(nil)
        let own = Turn(threadID: "1", projectID: "p", userID: "u", sessionID: "s", connectionID: "c") {
            if let turn = holder.withLock({ $0 }) { turns.ended(turn) }
        }
        holder.withLock { $0 = own }
        #expect(turns.begin(own) == .began)
        turns.cancelAll()
        #expect(turns.count == 0 && turns.begin(turn("1")) == .began)
        holder.withLock { $0 = nil }
    }
}
