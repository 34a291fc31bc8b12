/// What a database says of its relations, at one moment: those that its user may see.
public struct Catalogue: Sendable {
    /// In the order of their names' bytes.
    public internal(set) var schemas: [CatalogueSchema] = []
    /// In the order of the bytes of schema and name.
    public internal(set) var relations: [CatalogueRelation] = []
    /// Those whose relations are both here. Empty unless ``isDetailed``.
    public internal(set) var foreignKeys: [CatalogueForeignKey] = []
    /// Whether columns, keys, indexes, checks, triggers and foreign keys were read.
    public internal(set) var isDetailed = false
    /// Whether the database has more than was read.
    public internal(set) var isTruncated = false
    /// Memory it takes, about.
    public internal(set) var bytes = 0

    public init() {}
}

/// What is to be read of a catalogue, and how much at most.
public struct CatalogueRequest: Sendable {
    /// Whether columns, keys, indexes, checks and foreign keys are wanted.
    public var isDetailed: Bool
    /// Whether the database's own relations are wanted too.
    public var includesSystem: Bool
    /// More relations than this are not read.
    public var relationsMax: Int
    /// Reading ends when what was read takes about this much memory.
    public var bytesMax: Int
    /// For all statements together.
    public var timeoutMs: Int
    /// Prepares each statement, such as for the server's administrator to know whose it is.
    public var marking: @Sendable (Statement) -> Statement

    public init(
        isDetailed: Bool, includesSystem: Bool = false, relationsMax: Int = 20_000, bytesMax: Int = 128 << 20,
        timeoutMs: Int = 30_000, marking: @escaping @Sendable (Statement) -> Statement = { $0 }
    ) {
        self.isDetailed = isDetailed
        self.includesSystem = includesSystem
        self.relationsMax = relationsMax
        self.bytesMax = bytesMax
        self.timeoutMs = timeoutMs
        self.marking = marking
    }
}

/// A schema; a database in MySQL and MariaDB, `main` in SQLite.
public struct CatalogueSchema: Sendable {
    public var name: String
    public var comment: String?
    /// Its place in the search path, from 0; nil where names must be qualified.
    public var pathPosition: Int?
}

/// A table, view or the like. Names are as the database has them, unquoted.
public struct CatalogueRelation: Sendable {
    public enum Kind: String, Sendable {
        case table, partitionedTable, view, materializedView, foreignTable, virtualTable
    }

    public var schema: String
    public var name: String
    public var kind: Kind
    /// Belongs to the database itself.
    public var isSystem = false
    /// Whether the name alone means this relation in SQL.
    public var isOnPath = false
    public var comment: String?
    /// The engine's estimate of its rows.
    public var rowEstimate: Int?
    /// The engine's estimate of its size, indexes included.
    public var sizeBytes: Int?
    /// `schema.name` of the table it is a partition of.
    public var partitionOf: String?
    /// PostgreSQL's partition key.
    public var partitionBy: String?
    /// Storage engine, module of a virtual table, options.
    public var storage: String?
    public var columns: [CatalogueColumn] = []
    public var primaryKey: CatalogueKey?
    /// Unique constraints, without the primary key.
    public var uniqueKeys: [CatalogueKey] = []
    public var indexes: [CatalogueIndex] = []
    public var checks: [CatalogueCheck] = []
    /// In the order they fire where the engine has one.
    public var triggers: [CatalogueTrigger] = []
    /// A view's query. PostgreSQL is asked for it one view at a time: ``DatabaseConnection/viewDefinition(_:_:timeoutMs:marking:)``.
    public var definition: String?
    /// Places in ``Catalogue/foreignKeys`` of those from here.
    public var foreignKeys: [Int] = []
    /// Places in ``Catalogue/foreignKeys`` of those that lead here.
    public var referencedBy: [Int] = []

    init(schema: String, name: String, kind: Kind) {
        self.schema = schema
        self.name = name
        self.kind = kind
    }
}
