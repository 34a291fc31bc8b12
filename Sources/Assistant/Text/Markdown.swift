import Protocol

/// Pieces of Markdown (CommonMark, with the tables of GitHub) around text that may hold anything.
enum Markdown {
    /// A code span: with more backticks around it than there are in it.
    static func code(_ text: String, bytesMax: Int = 200) -> String {
        let line = SafeLine.text(text, bytesMax: bytesMax)
        guard !line.isEmpty else { return "` `" }
        var longest = 0
        var run = 0
        for byte in line.utf8 {
            run = byte == UInt8(ascii: "`") ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        let pad = line.hasPrefix("`") || line.hasSuffix("`") ? " " : ""
        return fence + pad + line + pad + fence
    }

    /// A code block of SQL, which keeps its lines.
    static func sql(_ sql: String) -> String {
        var longest = 2
        var run = 0
        for byte in sql.utf8 {
            run = byte == UInt8(ascii: "`") ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        return "\(fence)sql\n\(sql)\n\(fence)"
    }

    /// Text on one line in which no sign of Markdown means anything.
    static func plain(_ text: String, bytesMax: Int = 200) -> String {
        var out = ""
        for scalar in SafeLine.text(text, bytesMax: bytesMax).unicodeScalars {
            switch scalar {
            case "\\", "`", "*", "_", "[", "]", "<", ">", "|", "#", "~": out.unicodeScalars.append("\\")
            default: break
            }
            out.unicodeScalars.append(scalar)
        }
        return out
    }

    /// A table; cells are Markdown already, without line feeds or bare bars.
    static func table(_ heading: [String], _ rows: [[String]]) -> String {
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let rule = line(heading.map { _ in "---" })
        return ([line(heading), rule] + rows.map(line)).joined(separator: "\n")
    }

    /// A code span inside a table: bars in it are still the table's.
    static func cellCode(_ text: String, bytesMax: Int = 200) -> String {
        code(text, bytesMax: bytesMax).replacing("|", with: "\\|")
    }

    /// A list of names in a sentence: "`a`, `b` and `c`".
    static func names(_ names: [String], limit: Int = 20) -> String {
        let shown = names.prefix(limit).map { code($0) }
        if names.count > limit { return shown.joined(separator: ", ") + " and \(names.count - limit) more" }
        guard let last = shown.last, shown.count > 1 else { return shown.first ?? "" }
        return shown.dropLast().joined(separator: ", ") + " and " + last
    }

    /// "1 row", "2 rows"; thousands parted by commas.
    static func count(_ number: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(grouped(number)) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var out = ""
        for (offset, digit) in digits.enumerated() {
            if offset > 0, (digits.count - offset) % 3 == 0 { out.append(",") }
            out.append(digit)
        }
        return number < 0 ? "-" + out : out
    }
}
