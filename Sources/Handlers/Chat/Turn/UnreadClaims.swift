/// Finds in an answer what a model cannot know unless it read the database.
enum UnreadClaims {
    /// Whether there is a statement that would have to run, or a figure that is neither the question's nor the number of a list's item.
    static func areIn(_ words: String, question: String) -> Bool {
        guard SQLBlocks.find(in: words).isEmpty else { return true }
        return words.split(whereSeparator: \.isNewline).contains { line in
            figures(of: withoutItemNumber(line)).contains { !question.contains($0) }
        }
    }

    private static func withoutItemNumber(_ line: Substring) -> Substring {
        let start = line.drop { $0.isWhitespace }
        let rest = start.drop { $0.isASCII && $0.isNumber }
        return rest.startIndex > start.startIndex && (rest.first == "." || rest.first == ")") ? rest : start
    }

    /// Runs of digits that stand alone: `address2` and `utf8` are names.
    private static func figures(of line: Substring) -> [Substring] {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.filter { $0.allSatisfy(\.isNumber) }
    }
}
