/// A column of a relation.
public struct CatalogueColumn: Sendable {
    /// Where its values come from, if not from whoever writes.
    public enum Generation: String, Sendable {
        case stored, virtual, identity, identityAlways, autoIncrement
    }

    public var name: String
    /// As the engine writes it.
    public var type: String
    public var isNullable: Bool
    /// Default, or the expression it is generated from.
    public var defaultExpression: String?
    public var comment: String?
    public var generation: Generation?
    /// Left out by `SELECT *`.
    public var isHidden = false
    /// The values of an enumerated type.
    public var labels: [String]?
    /// The engine's number of it; they may have gaps.
    var number: Int

    init(name: String, type: String, isNullable: Bool, number: Int) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
        self.number = number
    }
}

/// A primary or unique key.
public struct CatalogueKey: Sendable {
    public var name: String?
    public var columns: [String]
}

/// An index.
public struct CatalogueIndex: Sendable {
    public var name: String
    /// Columns, or expressions as SQL.
    public var columns: [String]
    public var isUnique: Bool
    public var isPrimary: Bool
    public var method: String?
    /// Columns held besides.
    public var includes: [String] = []
    /// Which rows it has, if not all.
    public var predicate: String?
    /// Whether the engine uses it.
    public var isValid = true

    init(name: String, columns: [String], isUnique: Bool, isPrimary: Bool, method: String? = nil) {
        self.name = name
        self.columns = columns
        self.isUnique = isUnique
        self.isPrimary = isPrimary
        self.method = method
    }
}

/// A check constraint, or PostgreSQL's exclusion constraint.
public struct CatalogueCheck: Sendable {
    public var name: String?
    public var expression: String
}

/// A trigger of a table or view.
public struct CatalogueTrigger: Sendable {
    public enum Timing: String, Sendable {
        case before, after, insteadOf
    }

    public enum Event: String, Sendable, CaseIterable {
        case insert, update, delete, truncate
    }

    public var name: String
    public var timing: Timing
    public var events: [Event]
    /// Once for each row, not once for each statement.
    public var isPerRow: Bool
    public var isEnabled = true
    /// PostgreSQL and SQLite: the statement that makes it. MySQL and MariaDB: what it does. Of a trigger with a condition PostgreSQL is
    /// asked for it alone: ``DatabaseConnection/triggerDefinition(_:of:_:timeoutMs:marking:)``.
    public var definition: String?

    init(name: String, timing: Timing, events: [Event], isPerRow: Bool, definition: String?) {
        self.name = name
        self.timing = timing
        self.events = events
        self.isPerRow = isPerRow
        self.definition = definition
    }
}

/// A foreign key between two relations of a ``Catalogue``.
public struct CatalogueForeignKey: Sendable {
    public enum Action: String, Sendable {
        case noAction, restrict, cascade, setNull, setDefault

        /// `SET NULL` and its like, as MySQL and SQLite write them.
        init(sql: String?) {
            switch sql?.uppercased() {
            case "RESTRICT": self = .restrict
            case "CASCADE": self = .cascade
            case "SET NULL": self = .setNull
            case "SET DEFAULT": self = .setDefault
            default: self = .noAction
            }
        }
    }

    public var name: String?
    /// Place of the relation that refers, in ``Catalogue/relations``.
    public var from: Int
    public var columns: [String]
    /// Place of the relation referred to.
    public var to: Int
    /// In the order of ``columns``.
    public var toColumns: [String]
    public var onUpdate: Action
    public var onDelete: Action
}
