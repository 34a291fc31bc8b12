import Assistant
import TestSupport
import Testing

@Suite struct SafeTextTests {
    static let table: [(String, String)] = [
        ("![x](https://evil.example/?q=secret)", "! [x] (https: //evil.example/?q=secret)"),
        ("[click](http://evil.example)", "[click] (http: //evil.example)"),
        ("[a][b]\n[b]: http://e.x", "[a] [b]\n[b] : http: //e.x"),
        ("<img src=x onerror=y>", "< img src=x onerror=y>"),
        ("</div><!-- x --><?php", "< /div>< !-- x -->< ?php"),
        ("<https://evil.example>", "< https: //evil.example>"),
        ("see www.evil.example", "see www. evil.example"),
        ("WWW.evil.example", "WWW. evil.example"),
        ("https:\\/\\/evil.example", "https: \\/\\/evil.example"),
        ("&#104;ttps&colon;//evil", "& #104;ttps& colon;//evil"),
        ("\u{1B}]8;;http://e\u{7}x", "␛]8;;http: //e␇x"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("]\u{200B}(x)", "] (x)"),
        ("a\u{202E}b", "ab"),
    ]

    @Test(arguments: table) func itIsNeutralised(_ text: String, _ safe: String) {
        #expect(SafeText.neutralised(text) == safe)
    }

    @Test(arguments: [
        "SELECT a[1] FROM t WHERE x < 3 AND y <> 'R&D'", "Total: 42 rows; 10:30; C:\\temp", "newwww.example", "1 & 2; a & b;",
        "Hello!",
        "naïve 日本 👩‍🚀 متن\u{200C}ها", "- **bold** `code` | a | b |",
    ]) func otherTextStays(_ text: String) {
        #expect(SafeText.neutralised(text) == text)
    }

    /// However a text is cut into pieces, what is shown is the same.
    @Test(arguments: table) func itHoldsForPieces(_ text: String, _ safe: String) {
        let scalars = Array(text.unicodeScalars)
        for size in 1...4 {
            var stream = SafeTextStream()
            var shown = ""
            for start in stride(from: 0, to: scalars.count, by: size) {
                shown += stream.append(String(String.UnicodeScalarView(scalars[start..<min(start + size, scalars.count)])))
            }
            #expect(shown + stream.finish() == safe)
        }
    }

    @Test func piecesAtRandomGiveTheSame() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("]([!<a:/\\w.&#1;\r\n x".unicodeScalars)
        for _ in 0..<2_000 {
            let scalars = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? "a"
            }
            let whole = SafeText.neutralised(String(String.UnicodeScalarView(scalars)))
            var stream = SafeTextStream()
            var shown = ""
            var rest = scalars[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...5, using: &generator))
                shown += stream.append(String(String.UnicodeScalarView(piece)))
                rest = rest.dropFirst(piece.count)
            }
            #expect(shown + stream.finish() == whole)
            #expect(!whole.contains("](") && !whole.contains("://") && !whole.contains("<a") && !whole.contains("!["))
        }
    }

    @Test func littleIsHeldBack() {
        var stream = SafeTextStream()
        let shown = stream.append("some plain text &" + String(repeating: "a", count: 100))
        #expect(shown.utf8.count > 100)
    }

    @Test func itTakesTimeInProportion() {
        func time(_ count: Int) -> Duration {
            let text = String(repeating: "&aaaaaaaa:\\\\\\www", count: count)
            return threadTime { _ = SafeText.neutralised(text) }
        }
        _ = time(1_000)
        #expect(time(40_000) < time(4_000) * 60 + .milliseconds(200))
    }
}
