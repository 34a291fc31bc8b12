/// Names of types that are not built in, or whose modifier only the server can spell, asked for once per connection.
struct PostgreSQLTypeNames {
    struct Key: Hashable {
        var oid: UInt32
        var modifier: Int32
    }

    static let countMax = 4096

    private var known: [Key: String] = [:]

    /// The name, if it needs no question.
    func name(_ key: Key) -> String? { PostgreSQLType.name(key.oid, modifier: key.modifier) ?? known[key] }

    mutating func learn(_ key: Key, _ name: String) {
        if known.count >= Self.countMax { known = [:] }
        known[key] = name
    }

    /// One row per pair of `$1` (OIDs) and `$2` (modifiers), arrays of one length, in their order: the short name, with
    /// the schema where the search path does not lead to it.
    static let query: StaticString = """
        SELECT CASE WHEN pg_catalog.pg_type_is_visible(b.oid) THEN '' ELSE n.nspname || '.' END || b.typname
               || COALESCE(pg_catalog.substring(pg_catalog.format_type(b.oid, a.modifier), '((?: [a-z ]+)?\\(.*\\))'), '')
               || CASE WHEN e.oid IS NULL THEN '' ELSE '[]' END
        FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::int4[])) WITH ORDINALITY AS a(type, modifier, place)
        JOIN pg_catalog.pg_type t ON t.oid = a.type
        LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
        JOIN pg_catalog.pg_type b ON b.oid = COALESCE(e.oid, t.oid)
        JOIN pg_catalog.pg_namespace n ON n.oid = b.typnamespace
        ORDER BY a.place
        """
}
