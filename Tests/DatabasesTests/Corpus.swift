/// Data files next to the tests.
enum Corpus {
    /// The lines of a file below `Corpora/`, without comments; `\t` and `\n` spelled out become what they name.
    static func lines(_ name: String, fields: Int = 2, file: StaticString = #filePath) throws -> [[String]] {
        let folder = "\(file)".split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return try readFile("\(folder)/Corpora/\(name)").split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            line.split(separator: "\t", maxSplits: fields == .max ? .max : fields - 1, omittingEmptySubsequences: false).map {
                unescaped($0)
            }
        }
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "\\", let next = rest.first, next == "n" || next == "t" || next == "\\" else {
                result.append(character)
                continue
            }
            rest.removeFirst()
            result.append(next == "n" ? "\n" : next == "t" ? "\t" : "\\")
        }
        return result
    }
}
