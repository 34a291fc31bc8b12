import Protocol
import TestSupport
import Testing

@testable import Handlers

/// What of a model's reply is shown, and when.
@Suite struct TurnTextTests {
    private func text(_ holding: TurnText.Holding) -> TurnText {
        TurnText(TurnEvents(channel: RecordingChannel("c"), token: nil, threadID: "t", messageID: "m"), holds: holding)
    }

    /// A reply in pieces of every length is shown as far as it would be in one.
    @Test(arguments: [
        ("All is well. Nothing else", "All is well. Nothing else", "All is well."),
        ("Look: there are 3 of them.", "Look: there are 3 of them.", "Look:"),
        ("First. ```sql\nSELECT 1\n``` then", "First. ", "First."),
        ("A ` and a `` and é. Then ```", "A ` and a `` and é. Then ", "A ` and a `` and é."),
        ("  \n Two.\n", "  \n Two.\n", "  \n Two.\n"), ("{\"a\":1}", "", ""), (" ```x```", "", ""), ("", "", ""),
    ]) func isShownUpToWhatIsLookedAtFirst(reply: String, code: String, figures: String) {
        for length in 1...max(1, reply.unicodeScalars.count) {
            for (holding, expected) in [(TurnText.Holding.code, code), (.figures, figures), (.all, "")] {
                let text = text(holding)
                var rest = reply.unicodeScalars[...]
                while !rest.isEmpty {
                    text.add(String(String.UnicodeScalarView(rest.prefix(length))))
                    rest = rest.dropFirst(length)
                }
                // What SafeText keeps to itself comes at the end.
                let shown = text.shown
                #expect(
                    expected.hasPrefix(shown) && expected.utf8.count - shown.utf8.count < 16, "\(holding) by \(length): \(shown)")
                let whole = text.finish()
                if holding != .all, !expected.isEmpty { #expect(whole.hasPrefix(expected)) }
            }
        }
    }

    /// An answer without the end of a sentence must not cost what its length squared is.
    @Test func aLongSentenceTakesLinearTime() {
        func time(_ count: Int) -> Duration {
            let text = text(.figures)
            return threadTime { for _ in 0..<count { text.add(" word") } }
        }
        _ = time(1_000)
        #expect(time(40_000) < max(time(4_000) * 40, .milliseconds(500)))
    }
}
