import Databases
import Protocol

/// A catalogue in the shapes of the wire.
struct CatalogueWire {
    private let catalogue: Catalogue
    private let engine: Databases.DatabaseType

    init(_ catalogue: Catalogue, _ engine: Databases.DatabaseType) {
        self.catalogue = catalogue
        self.engine = engine
    }

    func relation(_ place: Int, _ detail: SchemaDetail) -> Relation {
        let relation = catalogue.relations[place]
        var wire = Relation(schema: relation.schema, name: relation.name, kind: Self.kind(relation.kind))
        guard detail != .names else { return wire }
        wire.identifier = identifier(place)
        wire.system = relation.isSystem
        wire.comment = relation.comment
        wire.rowEstimate = relation.rowEstimate
        wire.sizeBytes = relation.sizeBytes
        wire.partitionOf = relation.partitionOf
        wire.partitionBy = relation.partitionBy
        wire.storage = relation.storage
        guard detail == .full else { return wire }
        wire.columns = relation.columns.map { column in
            let key = relation.primaryKey?.columns.firstIndex { $0.hasSameBytes(as: column.name) }
            return Self.column(column, primaryKey: key.map { $0 + 1 })
        }
        wire.primaryKey = relation.primaryKey.map(Self.key)
        wire.uniqueKeys = relation.uniqueKeys.map(Self.key)
        wire.indexes = relation.indexes.map(Self.index)
        wire.checks = relation.checks.map { RelationCheck(name: $0.name, expression: $0.expression) }
        wire.triggers = relation.triggers.isEmpty ? nil : relation.triggers.map(Self.trigger)
        wire.definition = relation.definition
        wire.foreignKeys = relation.foreignKeys.map(foreignKey)
        wire.referencedBy = relation.referencedBy.map(foreignKey)
        return wire
    }

    /// A relation's name ready for SQL.
    func identifier(_ place: Int) -> String {
        let relation = catalogue.relations[place]
        let name = engine.quoted(relation.name)
        return relation.isOnPath ? name : engine.quoted(relation.schema) + "." + name
    }

    func foreignKey(_ place: Int) -> ForeignKey {
        let key = catalogue.foreignKeys[place]
        let (from, to) = (catalogue.relations[key.from], catalogue.relations[key.to])
        return ForeignKey(
            name: key.name, schema: from.schema, relation: from.name, columns: key.columns, toSchema: to.schema,
            toRelation: to.name, toColumns: key.toColumns, onUpdate: Self.action(key.onUpdate),
            onDelete: Self.action(key.onDelete), join: condition(place))
    }

    /// What joins the two ends of a foreign key. Of one that refers to its own relation, the end referred to is `other`.
    func condition(_ place: Int) -> String {
        let key = catalogue.foreignKeys[place]
        let from = identifier(key.from)
        let to = key.from == key.to ? engine.quoted("other") : identifier(key.to)
        return zip(key.columns, key.toColumns).map { column, target in
            "\(from).\(engine.quoted(column)) = \(to).\(engine.quoted(target))"
        }.joined(separator: " AND ")
    }

    // MARK: Parts

    static func kind(_ kind: CatalogueRelation.Kind) -> RelationKind {
        switch kind {
        case .table: .table
        case .partitionedTable: .partitionedTable
        case .view: .view
        case .materializedView: .materializedView
        case .foreignTable: .foreignTable
        case .virtualTable: .virtualTable
        }
    }

    private static func column(_ column: CatalogueColumn, primaryKey: Int?) -> RelationColumn {
        let generated: ColumnGeneration? =
            switch column.generation {
            case nil: nil
            case .stored: .stored
            case .virtual: .virtual
            case .identity: .identity
            case .identityAlways: .identityAlways
            case .autoIncrement: .autoIncrement
            }
        return RelationColumn(
            name: column.name, type: column.type, nullable: column.isNullable, default: column.defaultExpression,
            comment: column.comment, generated: generated, primaryKey: primaryKey, hidden: column.isHidden ? true : nil,
            labels: column.labels)
    }

    private static func key(_ key: CatalogueKey) -> RelationKey { RelationKey(name: key.name, columns: key.columns) }

    private static func index(_ index: CatalogueIndex) -> RelationIndex {
        RelationIndex(
            name: index.name, columns: index.columns, unique: index.isUnique, primary: index.isPrimary, method: index.method,
            includes: index.includes.isEmpty ? nil : index.includes, predicate: index.predicate,
            valid: index.isValid ? nil : false)
    }

    private static func trigger(_ trigger: CatalogueTrigger) -> RelationTrigger {
        let timing: TriggerTiming =
            switch trigger.timing {
            case .before: .before
            case .after: .after
            case .insteadOf: .insteadOf
            }
        let events = trigger.events.map { event -> TriggerEvent in
            switch event {
            case .insert: .insert
            case .update: .update
            case .delete: .delete
            case .truncate: .truncate
            }
        }
        return RelationTrigger(
            name: trigger.name, timing: timing, events: events, perRow: trigger.isPerRow,
            enabled: trigger.isEnabled ? nil : false, definition: trigger.definition)
    }

    private static func action(_ action: CatalogueForeignKey.Action) -> ForeignKeyAction {
        switch action {
        case .noAction: .noAction
        case .restrict: .restrict
        case .cascade: .cascade
        case .setNull: .setNull
        case .setDefault: .setDefault
        }
    }
}
