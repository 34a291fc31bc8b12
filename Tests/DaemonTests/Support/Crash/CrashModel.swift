import Synchronization

/// What has to be in a store whose daemon may die at any moment.
///
/// Everything that clients make is a ``Key`` with a state, a text that has all there is to see of it, or nil where it is not there.
/// A request is an ``Operation`` that changes states. One that was acknowledged has happened; of one that was in flight when the
/// daemon died it is open whether it has, but not whether half of it has. ``judge(_:ids:)`` compares this with what is found.
final class CrashModel: Sendable {
    struct Key: Hashable, Sendable, CustomStringConvertible {
        enum Kind: String, Sendable, CaseIterable { case account, session, project, query, thread, example }
        var kind: Kind
        var name: String
        var description: String { "\(kind.rawValue) \(name)" }

        init(_ kind: Kind, _ name: String) {
            self.kind = kind
            self.name = name
        }
    }

    enum Outcome: Sendable {
        case exactly(String?)
        /// Where the rest is the daemon's to say.
        case beginning(String)

        func allows(_ found: String?) -> Bool {
            switch self {
            case .exactly(let state): state == found
            case .beginning(let start): found?.hasPrefix(start) ?? false
            }
        }
    }

    struct Change: Sendable {
        var key: Key
        /// The first is what it is when all is done; the others are what a crash in the middle may leave.
        var outcomes: [Outcome]

        init(_ key: Key, _ outcomes: Outcome..., or others: [Outcome] = []) {
            self.key = key
            self.outcomes = outcomes + others
        }
    }

    /// What must be true of the changes of one request that was cut off.
    enum Unity: Sendable {
        /// All of them happened, or none.
        case together
        /// The last happened only after all others.
        case lastIsLast
        case each
    }

    struct Operation: Sendable {
        var number: Int
        var method: String
        var changes: [Change]
        var unity: Unity
    }

    struct Entry: Sendable {
        var key: Key
        var state: String?
        /// Requests of which nobody knows whether they happened, in order.
        var pending: [Int] = []
        /// The name of what it goes with.
        var parent: String?
        /// What the daemon calls it, once that is known.
        var id: String?

        var isSettled: Bool { pending.isEmpty }
    }

    struct Figures: Sendable {
        /// Acknowledged requests by method.
        var acknowledged: [String: Int] = [:]
        /// Requests that were cut off, and what was found of them.
        var done = 0
        var undone = 0

        var total: Int { acknowledged.values.reduce(0, +) }
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var operations: [Int: Operation] = [:]
        var last = 0
        var figures = Figures()
    }

    private let state = Mutex(State())

    var figures: Figures { state.withLock { $0.figures } }

    // MARK: Requests

    /// A request is about to be sent. `parent` is that of what it makes.
    func begin(_ method: String, _ changes: [Change], _ unity: Unity = .together, parent: String? = nil) -> Operation {
        state.withLock { state in
            state.last += 1
            let operation = Operation(number: state.last, method: method, changes: changes, unity: unity)
            state.operations[operation.number] = operation
            for change in changes {
                state.entries[change.key, default: Entry(key: change.key, parent: parent)].pending.append(operation.number)
            }
            return operation
        }
    }

    /// It was answered. `states` are those that only the answer tells; `ids` what the daemon calls things.
    func acknowledge(_ operation: Operation, _ states: [Key: String] = [:], ids: [Key: String] = [:]) {
        state.withLock { state in
            state.figures.acknowledged[operation.method, default: 0] += 1
            for change in operation.changes {
                var entry = state.entries[change.key] ?? Entry(key: change.key)
                if let told = states[change.key] {
                    entry.state = told
                } else if case .exactly(let known)? = change.outcomes.first {
                    entry.state = known
                } else {
                    preconditionFailure("nobody says what \(change.key) is after \(operation.method)")
                }
                entry.pending = []
                entry.id = ids[change.key] ?? entry.id
                state.entries[change.key] = entry
            }
        }
    }

    /// It was refused: nothing of it has happened.
    func refuse(_ operation: Operation) {
        state.withLock { state in
            for change in operation.changes { state.entries[change.key]?.pending.removeAll { $0 == operation.number } }
        }
    }

    // MARK: What is known

    /// Of what is there for certain, that of this kind that `isWanted`.
    func settled(_ kind: Key.Kind, _ isWanted: (Entry) -> Bool = { _ in true }) -> [Entry] {
        state.withLock { state in
            state.entries.values.filter { $0.key.kind == kind && $0.state != nil && $0.isSettled && isWanted($0) }
        }
    }

    /// Everything of this kind whose id is known, in doubt or not.
    func named(_ kind: Key.Kind) -> [String: Key] {
        state.withLock { state in
            let named = state.entries.values.filter { $0.key.kind == kind && $0.id != nil }
            return Dictionary(named.map { ($0.id ?? "", $0.key) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// All that goes with something, in doubt or not.
    func children(of parent: String) -> [Entry] {
        state.withLock { state in
            state.entries.values.filter { $0.parent == parent && ($0.state != nil || !$0.isSettled) }
        }
    }

    func entry(_ key: Key) -> Entry? { state.withLock { $0.entries[key] } }

    /// Every state that a key may be in.
    func possible(_ key: Key) -> [String] {
        state.withLock { state in
            guard let entry = state.entries[key] else { return [] }
            let open = entry.pending.compactMap { state.operations[$0] }.flatMap(\.changes).filter { $0.key == key }
            return [entry.state].compactMap(\.self)
                + open.flatMap(\.outcomes).compactMap { if case .exactly(let state) = $0 { state } else { nil } }
        }
    }

    // MARK: The verdict

    private enum Vote { case undone, done, partly, unclear }

    /// Compares everything with everything that was found, and takes that for certain from now on.
    ///
    /// - Returns: what is not as it must be.
    func judge(_ found: [Key: String], ids: [Key: String]) -> [String] {
        state.withLock { state in
            var problems: [String] = []
            var votes: [Int: [(key: Key, vote: Vote)]] = [:]
            for (key, entry) in state.entries {
                let now = found[key]
                let open = entry.pending.compactMap { state.operations[$0] }
                if let (number, vote) = Self.vote(entry, open, now) { votes[number, default: []].append((key, vote)) }
                if !Self.allows(entry, open, now) { problems.append(Self.problem(entry, open, now)) }
            }
            for key in found.keys where state.entries[key] == nil {
                problems.append("\(key): nobody asked for it, and it is \(found[key] ?? "")")
            }
            for (number, given) in votes {
                guard let operation = state.operations[number] else { continue }
                if given.contains(where: { $0.vote == .done }) { state.figures.done += 1 } else { state.figures.undone += 1 }
                if let problem = Self.problem(operation, given) { problems.append(problem) }
            }
            let before = state.entries
            state.operations = [:]
            state.entries = [:]
            for (key, now) in found {
                var entry = before[key] ?? Entry(key: key)
                entry.state = now
                entry.pending = []
                entry.id = ids[key] ?? entry.id
                state.entries[key] = entry
            }
            return problems.sorted()
        }
    }

    private static func outcomes(_ key: Key, _ operation: Operation) -> [Outcome] {
        operation.changes.first { $0.key == key }?.outcomes ?? []
    }

    private static func allows(_ entry: Entry, _ open: [Operation], _ now: String?) -> Bool {
        entry.state == now || open.contains { outcomes(entry.key, $0).contains { $0.allows(now) } }
    }

    /// What the state of a key says about the one request that may have changed it.
    private static func vote(_ entry: Entry, _ open: [Operation], _ now: String?) -> (Int, Vote)? {
        guard open.count == 1, let operation = open.first else { return nil }
        let outcomes = outcomes(entry.key, operation)
        let (wasBefore, isDone) = (entry.state == now, outcomes.first?.allows(now) ?? false)
        if wasBefore && outcomes.contains(where: { $0.allows(now) }) { return (operation.number, .unclear) }
        if isDone { return (operation.number, .done) }
        return (operation.number, wasBefore ? .undone : .partly)
    }

    private static func problem(_ operation: Operation, _ votes: [(key: Key, vote: Vote)]) -> String? {
        let undone = votes.filter { $0.vote == .undone }.map(\.key)
        let done = votes.filter { $0.vote == .done }.map(\.key)
        let isHalf =
            switch operation.unity {
            case .together: !undone.isEmpty && !done.isEmpty
            case .lastIsLast: !undone.isEmpty && operation.changes.last.map { done.contains($0.key) } ?? false
            case .each: false
            }
        return isHalf ? "half of \(operation.method): \(done) but not \(undone)" : nil
    }

    private static func problem(_ entry: Entry, _ open: [Operation], _ now: String?) -> String {
        let methods = open.map { operation in "\(operation.method) to \(outcomes(entry.key, operation))" }
        let doubt = methods.isEmpty ? "" : "; in flight: \(methods.joined(separator: ", "))"
        return
            "\(entry.key): is \(now.map { "“\($0)”" } ?? "not there"), was \(entry.state.map { "“\($0)”" } ?? "not there")\(doubt)"
    }
}
