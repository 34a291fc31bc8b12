/// A place in a spec file; lines and columns count from 1, columns in Unicode scalars.
public struct SourceLocation: Sendable, Hashable, Comparable {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int = 1, column: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}

/// Something in the spec that cannot be generated from; printed in the form editors and CI jump to.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    public var location: SourceLocation
    public var message: String

    public var description: String { "\(location.file):\(location.line):\(location.column): error: \(message)" }
}

/// Collects what is wrong, so that one run names everything and not only the first mistake.
final class Diagnostics {
    private(set) var list: [Diagnostic] = []

    func error(_ location: SourceLocation, _ message: String) {
        list.append(Diagnostic(location: location, message: message))
    }

    var sorted: [Diagnostic] { Set(list).sorted { ($0.location, $0.message) < ($1.location, $1.message) } }
}
