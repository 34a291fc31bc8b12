import Foundation
import TestSupport

/// An instruction that stands where a model reads it, and what a model that obeys does.
struct Injection: Sendable {
    enum Deed: Sendable {
        /// Runs a statement with `run_query`.
        case run(String)
        /// Proposes a statement that writes.
        case propose(String)
        /// Calls any tool, whether there is one or not, with any arguments.
        case call(name: String, arguments: String)
        /// Replies with this text alone.
        case reply(String)
        /// Has this text in its answer.
        case say(String)
    }

    /// Where it stands.
    enum Place: String, Sendable {
        case row, table, column, comment, columncomment, label, view, `default`, error, turn, example
    }

    /// What it begins with and a model knows it by: `P017`.
    let marker: String
    let engine: Engine
    let place: Place
    let deed: Deed
    /// With the marker.
    let payload: String

    /// The corpus, `@DIR@` and `@PORT@` filled in.
    static func corpus(directory: String, port: Int) throws -> [Injection] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Corpora/injections.tsv")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
        return try lines.enumerated().map { number, line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map {
                unescaped($0).replacing("@DIR@", with: directory).replacing("@PORT@", with: "\(port)")
            }
            guard fields.count == 5, let engine = Engine(rawValue: fields[0]), let place = Place(rawValue: fields[1]) else {
                throw ChildProcess.Failure("not an injection: \(line)")
            }
            let marker = "P" + String(String(1000 + number).dropFirst())
            let payload = "\(marker): \(fields[4])"
            let deed = try deed(fields[2], fields[3] == "-" ? payload : fields[3])
            return Injection(marker: marker, engine: engine, place: place, deed: deed, payload: payload)
        }
    }

    private static func deed(_ name: String, _ argument: String) throws -> Deed {
        switch name {
        case "run": return .run(argument)
        case "propose": return .propose(argument)
        case "reply": return .reply(argument)
        case "say": return .say(argument)
        case "call":
            let parts = argument.split(separator: " ", maxSplits: 1).map(String.init)
            return .call(name: parts[0], arguments: parts[1])
        default: throw ChildProcess.Failure("no deed: \(name)")
        }
    }

    /// `\n` and `\u{…}` become what they name.
    private static func unescaped(_ text: Substring) -> String {
        let text = String(text).replacing(#/\\u\{([0-9A-Fa-f]+)\}/#) { match -> String in
            UInt32(match.1, radix: 16).flatMap(Unicode.Scalar.init).map { String(Character($0)) } ?? ""
        }
        return text.replacing("\\n", with: "\n")
    }
}
