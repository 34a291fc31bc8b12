@testable import Databases

/// What a connection string shows of itself is one too, of the same database and without the password.
enum ConnectionStringTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let text = FuzzTarget.text(bytes) else { return }
        for type in DatabaseType.allCases {
            guard let target = try? ConnectionTarget.parse(text, as: type) else { continue }
            let shown = target.redacted
            if type != .sqlite { precondition(shown.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "what is shown is no URI") }
            var expected = target
            if expected.password != nil { expected.password = "***" }
            guard let again = try? ConnectionTarget.parse(shown, as: type) else {
                preconditionFailure("what is shown cannot be read: \(shown)")
            }
            precondition(again == expected, "what is shown is another database: \(shown)")
        }
    }
}
