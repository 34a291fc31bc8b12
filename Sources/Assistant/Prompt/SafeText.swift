/// A model's text made fit to be shown: nothing in it loads, links, runs, or moves the cursor.
///
/// Clients render text as Markdown, as HTML made of it, or on a terminal, and a model may have been talked into an image whose
/// address carries data away. So, wherever they stand, code included,
/// - a blank parts `]` from `(` and `:`, `!` from `[`: no links, no images, no definitions of them;
/// - a blank parts `:` from `//` and `www.` from what follows: no address that a client makes a link by itself;
/// - a blank parts `<` from a letter, `/`, `!` and `?`, and `&` from an entity: no HTML, nothing that becomes one of the above;
/// - control characters but for line feeds and tabs are shown as pictures, a carriage return becomes a line feed, and
///   hidden characters are left out.
///
/// Nearly all SQL means the same with the blanks; exact statements travel apart from the text, as they are. Every rule looks at
/// a few characters only, so it holds for text that comes in pieces (``SafeTextStream``), and takes time in proportion to it.
public enum SafeText {
    /// A whole text.
    public static func neutralised(_ text: String) -> String {
        var stream = SafeTextStream()
        return stream.append(text) + stream.finish()
    }
}

/// ``SafeText`` for text that comes in pieces: the pieces together are what the whole text would have become.
public struct SafeTextStream: Sendable {
    /// What is held back: it depends on what comes.
    private var pending: [Unicode.Scalar] = []
    /// The last character that was let out, to know where a word begins.
    private var last: Unicode.Scalar = "\n"

    /// Longer than any of these is no entity of HTML.
    private static let entityMax = 40

    public init() {}

    /// Takes a piece and answers what can be shown by now; at most some forty characters are held back.
    public mutating func append(_ piece: String) -> String {
        for scalar in piece.unicodeScalars {
            switch HiddenScalars.classify(scalar, keepsJoiners: true) {
            case .hidden: continue
            case .control where scalar != "\r": pending.append(HiddenScalars.picture(scalar))
            case .control, .plain: pending.append(scalar)
            }
        }
        return drain(isEnd: false)
    }

    /// The rest. The stream begins anew.
    public mutating func finish() -> String {
        defer { self = SafeTextStream() }
        return drain(isEnd: true)
    }

    private mutating func drain(isEnd: Bool) -> String {
        var out = String.UnicodeScalarView()
        var index = 0
        while index < pending.count {
            guard let step = step(at: index, isEnd: isEnd) else { break }
            switch step {
            case .keep(let length, let parted):
                for scalar in pending[index..<(index + length)] { out.append(scalar) }
                last = pending[index + length - 1]
                if parted {
                    out.append(" ")
                    last = " "
                }
                index += length
            case .lineFeed:
                out.append("\n")
                last = "\n"
                index += 1
            case .drop: index += 1
            }
        }
        pending.removeFirst(index)
        return String(out)
    }

    private enum Step {
        /// Lets out so many characters, and a blank after them.
        case keep(Int, parted: Bool)
        case lineFeed
        case drop
    }

    /// What to do at `index`; nil if more must come first.
    private func step(at index: Int, isEnd: Bool) -> Step? {
        let isLast = index + 1 == pending.count
        let next = isLast ? nil : Optional(pending[index + 1])
        switch pending[index] {
        case "]", "!", "<":
            guard let next else { return isEnd ? .keep(1, parted: false) : nil }
            return .keep(1, parted: Self.isParted(pending[index], next))
        case ":": return colon(at: index, isEnd: isEnd)
        case "&": return entity(at: index, isEnd: isEnd)
        case "w", "W": return www(at: index, isEnd: isEnd)
        case "\r":
            guard let next else { return isEnd ? .lineFeed : nil }
            return next == "\n" ? .drop : .lineFeed
        default: return .keep(1, parted: false)
        }
    }

    private static func isParted(_ scalar: Unicode.Scalar, _ next: Unicode.Scalar) -> Bool {
        switch scalar {
        case "]": next == "(" || next == ":" || next == "["
        case "!": next == "["
        default: next == "/" || next == "!" || next == "?" || next.properties.isAlphabetic
        }
    }

    /// `://`, also with backslashes between, which Markdown takes away.
    private func colon(at index: Int, isEnd: Bool) -> Step? {
        var end = index + 1
        var slashes = 0
        while end < pending.count, end - index < 8 {
            if pending[end] == "/" { slashes += 1 } else if pending[end] != "\\" { return .keep(1, parted: false) }
            end += 1
            if slashes == 2 { return .keep(1, parted: true) }
        }
        if end - index >= 8 { return .keep(1, parted: true) }
        return isEnd ? .keep(1, parted: false) : nil
    }

    private func entity(at index: Int, isEnd: Bool) -> Step? {
        var end = index + 1
        while end < pending.count, end - index <= Self.entityMax {
            let scalar = pending[end]
            if scalar == ";" { return .keep(1, parted: end > index + 1) }
            guard scalar.isASCII, scalar == "#" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil else {
                return .keep(1, parted: false)
            }
            end += 1
        }
        return isEnd || end - index > Self.entityMax ? .keep(1, parted: false) : nil
    }

    /// `www.` at the start of a word.
    private func www(at index: Int, isEnd: Bool) -> Step? {
        let before = index > 0 ? pending[index - 1] : last
        guard !before.properties.isAlphabetic, before.properties.numericType == nil else { return .keep(1, parted: false) }
        let wanted: [Unicode.Scalar] = ["w", "w", "w", "."]
        for offset in 1..<4 {
            guard index + offset < pending.count else { return isEnd ? .keep(1, parted: false) : nil }
            guard TagLookalike.lowered(pending[index + offset]) == wanted[offset] else { return .keep(1, parted: false) }
        }
        return .keep(4, parted: true)
    }
}
