import Assistant
import Synchronization

/// The text of one reply of a model on its way to the reader.
///
/// Piece by piece as it arrives, made safe to show, up to where something begins that is to be looked at first: code goes out only once
/// it was checked on the database, figures that nothing may stand behind only once the whole answer was, and JSON never does.
final class TurnText: Sendable {
    /// What is not shown before the reply was looked at.
    enum Holding {
        case code
        /// Code, and every sentence from the first with a digit on.
        case figures
        case all
    }

    private struct State {
        var safe = SafeTextStream()
        /// Held back: the end of what came that could be the beginning of code.
        var held = ""
        /// Bytes of `held` that were looked at before: nothing in them is to be looked at again.
        var seen = 0
        var isHolding = false
        var isFirst = true
        var shown = ""
    }

    private let events: TurnEvents
    private let holding: Holding
    private let state: Mutex<State>

    init(_ events: TurnEvents, holds holding: Holding) {
        self.events = events
        self.holding = holding
        state = Mutex(State())
    }

    /// Takes a piece as the model wrote it.
    func add(_ piece: String) {
        // Sent under the lock: pieces keep their order.
        state.withLock { state in
            state.held += piece
            guard holding != .all, !state.isHolding else { return }
            let new = state.held.utf8.index(state.held.startIndex, offsetBy: state.seen)
            if state.isFirst {
                guard let first = state.held[new...].unicodeScalars.first(where: { !$0.properties.isWhitespace }) else {
                    state.seen = state.held.utf8.count
                    return
                }
                state.isFirst = false
                if "{[<`".unicodeScalars.contains(first) {
                    state.isHolding = true
                    return
                }
            }
            let end = Self.readyEnd(&state, from: new, holding)
            guard end > state.held.startIndex else { return }
            let ready = state.safe.append(String(state.held[..<end]))
            state.seen -= state.held.utf8.distance(from: state.held.startIndex, to: end)
            state.held = String(state.held[end...])
            state.shown += ready
            events.text(ready)
        }
    }

    /// Up to where the text may be shown now. Looks at what came since the last time only: an answer may be long, and a sentence too.
    private static func readyEnd(_ state: inout State, from new: String.Index, _ holding: Holding) -> String.Index {
        let held = state.held
        var end: String.Index
        if let fence = held[new...].firstRange(of: "```") {
            state.isHolding = true
            end = fence.lowerBound
        } else {
            // One or two of its characters may be here already.
            end = held[new...].lastIndex { $0 != "`" }.map { held.index(after: $0) } ?? new
        }
        state.seen = held.utf8.distance(from: held.startIndex, to: end)
        guard holding == .figures else { return end }
        if let digit = held[new..<end].firstIndex(where: \.isNumber) {
            state.isHolding = true
            end = digit
        }
        // The text began behind the end of a sentence, and had none since.
        return held[new..<end].lastIndex(where: endsSentence).map { held.index(after: $0) } ?? held.startIndex
    }

    private static func endsSentence(_ character: Character) -> Bool {
        character.isNewline || character == "." || character == "!" || character == "?" || character == ":"
    }

    /// Shows the rest of the reply. Answers all of its text, as it was shown.
    func finish() -> String {
        state.withLock { state in
            let rest = state.safe.append(state.held) + state.safe.finish()
            state.held = ""
            state.shown += rest
            events.text(rest)
            return state.shown
        }
    }

    /// Shows `text` instead of the rest. Answers all that was shown.
    func finish(with text: String) -> String {
        state.withLock { state in
            let safe = state.safe.finish() + SafeText.neutralised(text)
            state.held = ""
            state.shown += safe
            events.text(safe)
            return state.shown
        }
    }

    /// What was shown so far.
    var shown: String { state.withLock { $0.shown } }
}
