enum MariaDBConnectionString {
    static func parse(_ text: String) throws(DatabaseError) -> ConnectionTarget {
        throw DatabaseError(.invalidConnectionString, phase: .parse, "not yet")
    }
}
