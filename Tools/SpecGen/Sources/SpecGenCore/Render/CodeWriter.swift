/// Collects lines of code with indentation.
struct CodeWriter {
    static let width = 130
    private(set) var text = ""
    private var depth = 0

    mutating func line(_ line: String = "") {
        text += line.isEmpty ? "\n" : indent + line + "\n"
    }

    /// `head {`, what `body` writes, `}`.
    mutating func block(_ head: String, end: String = "}", _ body: (inout CodeWriter) -> Void) {
        line(head + " {")
        indented(body)
        line(end)
    }

    mutating func indented(_ body: (inout CodeWriter) -> Void) {
        depth += 1
        body(&self)
        depth -= 1
    }

    /// `head(items)`tail on one line if it fits, else an item a line.
    mutating func list(_ head: String, _ items: [String], _ tail: String) {
        let short = head + items.joined(separator: ", ") + tail
        if indent.count + short.count <= Self.width { return line(short) }
        line(head)
        indented { code in
            for (index, item) in items.enumerated() { code.line(item + (index == items.count - 1 ? "" : ",")) }
        }
        line(tail)
    }

    /// `head[items]tail`: a collection literal whose items fill lines if it does not fit on one.
    mutating func filled(_ head: String, _ items: [String], _ tail: String) {
        let short = head + items.joined(separator: ", ") + tail
        if indent.count + short.count <= Self.width { return line(short) }
        line(head)
        indented { code in
            for text in Wrap.fill(items.map { $0 + "," }, width: Self.width - code.indent.count) { code.line(text) }
        }
        line(tail)
    }

    /// `head parameters body }`: a call with a closure of one statement, on one line if it fits.
    mutating func closure(_ head: String, _ parameters: String, _ body: String) {
        let short = "\(head) \(parameters) \(body) }"
        if indent.count + short.count <= Self.width { return line(short) }
        line("\(head) \(parameters)")
        indented { $0.line(body) }
        line("}")
    }

    /// `case items: body`, on one line if it fits.
    mutating func cases(_ items: [String], _ body: String) {
        let short = "case \(items.joined(separator: ", ")): \(body)"
        if indent.count + short.count <= Self.width { return line(short) }
        let words = items.enumerated().map { $1 + ($0 == items.count - 1 ? ":" : ",") }
        // The first line has `case ` before it, the others an indentation of about the same width.
        for (index, text) in Wrap.fill(words, width: Self.width - indent.count - 5).enumerated() {
            line(index == 0 ? "case \(text)" : "    \(text)")
        }
        indented { $0.line(body) }
    }

    /// A doc comment from Markdown.
    mutating func doc(_ markdown: String) {
        for text in Wrap.markdown(markdown, width: Self.width - indent.count - 4) {
            line(text.isEmpty ? "///" : "/// " + text)
        }
    }

    var indent: String { String(repeating: " ", count: depth * 4) }
}

/// Breaks text into lines.
enum Wrap {
    static func fill(_ words: [String], width: Int) -> [String] {
        var lines: [String] = []
        var current = ""
        for word in words {
            if current.isEmpty {
                current = word
            } else if current.count + 1 + word.count <= width {
                current += " " + word
            } else {
                lines.append(current)
                current = word
            }
        }
        return current.isEmpty ? lines : lines + [current]
    }

    /// Wraps paragraphs and list items; code blocks and tables stay as they are.
    static func markdown(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var paragraph: [String] = []
        var hanging = ""
        var isCode = false
        func flush() {
            let words = paragraph.joined(separator: " ").split(separator: " ").map(String.init)
            for (index, line) in fill(words, width: width - hanging.count).enumerated() {
                lines.append(index == 0 ? line : hanging + line)
            }
            paragraph = []
            hanging = ""
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let trimmed = line.drop { $0 == " " }
            if trimmed.hasPrefix("```") { isCode.toggle() }
            if isCode || trimmed.hasPrefix("```") || trimmed.hasPrefix("|") {
                flush()
                lines.append(line)
            } else if trimmed.isEmpty {
                flush()
                if lines.last?.isEmpty == false { lines.append("") }
            } else {
                if trimmed.hasPrefix("- ") || trimmed.hasPrefix("* ") {
                    flush()
                    hanging = "  "
                }
                paragraph.append(String(trimmed))
            }
        }
        flush()
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}

/// Swift literals.
enum SwiftLiteral {
    /// A string literal for any text.
    static func string(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\n": literal += "\\n"
            case _ where scalar.value < 0x20: literal += "\\u{\(String(scalar.value, radix: 16))}"
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "\""
    }

    /// A raw literal, for JSON pieces: `#"{"id":"#`.
    static func raw(_ text: String) -> String { text.contains("\"") ? "#\"\(text)\"#" : "\"\(text)\"" }
}
