import Foundation
import TestSupport
import Testing

/// What `dbassistd keys list` prints.
struct Keys {
    struct Key: Equatable {
        var kind: String
        var id: String
        var state: String
        /// Nil of a signing key.
        var records: Int?
        /// `-`, `none`, or `until` and a time.
        var tokens: String
    }

    let all: [Key]

    init(in directory: TemporaryDirectory, _ settings: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let run = try Command(["keys", "list"], in: directory, settings)
        #expect(run.status == 0, "\(run.output)", sourceLocation: sourceLocation)
        all = run.output.split(separator: "\n").dropFirst().compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 6 else { return nil }
            return Key(
                kind: words[0], id: words[1], state: words[2], records: Int(words[4]),
                tokens: words[5...].joined(separator: " "))
        }
    }

    /// Ids of a kind and state, the oldest first.
    func ids(_ kind: String, _ state: String) -> [String] { all.filter { $0.kind == kind && $0.state == state }.map(\.id) }

    func id(_ kind: String, _ state: String) throws -> String { try #require(ids(kind, state).first) }

    /// Records under keys in this state.
    func records(_ state: String) -> Int { all.reduce(0) { $0 + ($1.state == state ? $1.records ?? 0 : 0) } }

    /// Makes the sealing keys older, so that nobody has to wait until the last one may be retired.
    static func age(in directory: TemporaryDirectory) throws {
        let path = directory.appending("state/keyring")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        // A year earlier; keys keep their order.
        let year = try #require(text.firstRange(of: "\"createdAt\":\"").map { text[$0.upperBound...].prefix(4) })
        let earlier = "\((Int(year) ?? 0) - 1)"
        let sealing = try #require(text.firstRange(of: "\"sealing\"")).lowerBound
        let aged =
            text[..<sealing]
            + text[sealing...].replacing("\"createdAt\":\"\(year)", with: "\"createdAt\":\"\(earlier)")
            .replacing("\"activatedAt\":\"\(year)", with: "\"activatedAt\":\"\(earlier)")
        let next = path + ".next"
        try #require(
            FileManager.default.createFile(atPath: next, contents: Data(aged.utf8), attributes: [.posixPermissions: 0o600]))
        try #require(rename(next, path) == 0)
    }

    /// The id of the key that signed a token.
    static func signer(of token: String) -> String? {
        let footer = token.split(separator: ".").last ?? ""
        let base64 = footer.replacing("-", with: "+").replacing("_", with: "/")
        let padded = String(base64) + String(repeating: "=", count: (4 - base64.count % 4) % 4)
        guard let text = Data(base64Encoded: padded) else { return nil }
        return (try? JSONValue(parsing: String(decoding: text, as: UTF8.self)))?["kid"].string
    }
}
