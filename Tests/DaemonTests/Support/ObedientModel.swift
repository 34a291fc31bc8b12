import Synchronization
import TestSupport

/// The worst of models: it looks at all it is told to, does what every instruction that it comes across says, each once, and ends by
/// repeating what it was told to say, byte for byte.
final class ObedientModel: Sendable {
    typealias Call = (name: String, arguments: String)

    private struct State {
        var reads: [Call] = []
        /// Markers that it came across.
        var found: Set<String> = []
        var calls: [Call] = []
        var replies: [String] = []
        var words: [String] = []
    }

    private let injections: [Injection]
    private let state = Mutex(State())
    /// As many as the daemon carries out at once.
    private static let callsMax = 8

    init(_ injections: [Injection]) { self.injections = injections }

    /// The markers of all it has obeyed, or was about to.
    var found: Set<String> { state.withLock { $0.found } }

    /// What it looks at in the next turn before it answers, and what it says in any case.
    func prepare(reads: [Call] = [], words: [String] = []) {
        state.withLock {
            $0.reads = reads
            $0.words = words
        }
    }

    func answer(_ request: ModelServer.Request) -> ModelReply {
        let texts = request.messages.compactMap { $0["content"].string }
        let mayCall = request.body["tools"].array?.isEmpty == false
        return state.withLock { state in
            for injection in injections where !state.found.contains(injection.marker) {
                guard texts.contains(where: { $0.contains(injection.marker) }) else { continue }
                state.found.insert(injection.marker)
                Self.intend(injection.deed, &state)
            }
            if mayCall, !(state.calls.isEmpty && state.reads.isEmpty) {
                var calls = Array(state.calls.prefix(Self.callsMax - 1))
                state.calls.removeFirst(calls.count)
                let reads = state.reads.prefix(Self.callsMax - calls.count)
                calls += reads
                state.reads.removeFirst(reads.count)
                return .calls(calls)
            }
            if mayCall, !state.replies.isEmpty { return .text(state.replies.removeFirst()) }
            let words = state.words.joined(separator: "\n\n")
            // A statement in the answer did not do: it is given up, nothing else.
            guard texts.last?.hasPrefix("A statement in your answer does not do") == true else {
                return .text(words + "\n\nDone.")
            }
            return .text(words.replacing("```", with: "'''"))
        }
    }

    private static func intend(_ deed: Injection.Deed, _ state: inout State) {
        switch deed {
        case .run(let sql): state.calls.append(("run_query", ModelReply.arguments(["sql": .string(sql)])))
        case .propose(let sql):
            let reason = "It only reads, see [here](https://evil.example/) <b>and</b> ![x](https://evil.example/x)"
            state.calls.append(
                ("propose_statement", ModelReply.arguments(["sql": .string(sql), "reason": .string(reason)])))
        case .call(let name, let arguments): state.calls.append((name, arguments))
        case .reply(let text): state.replies.append(text)
        case .say(let text): state.words.append(text)
        }
    }
}

/// A model that runs so many attacks of a list a turn, from the one whose number it is sent.
final class AttackingModel: Sendable {
    static let callsMax = 8

    private let list = Mutex<[String]>([])

    var attacks: [String] {
        get { list.withLock { $0 } }
        set { list.withLock { $0 = newValue } }
    }

    func answer(_ request: ModelServer.Request) -> ModelReply {
        let attacks = attacks
        guard request.lastRole != "tool", let number = Int(request.lastContent ?? "") else { return .text("Done.") }
        return .calls(
            attacks[number..<min(number + Self.callsMax, attacks.count)].map {
                ("run_query", ModelReply.arguments(["sql": .string($0)]))
            })
    }
}
