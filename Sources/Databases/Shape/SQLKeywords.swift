/// Words that are written in capitals in a statement's shape, whatever their case in the statement. A name that is spelt like one of
/// them is too, which does not matter: the shape is there to be compared and read, not run.
enum SQLKeywords {
    /// The word as a number, if it is short enough to be one of ours: its letters in capitals, a byte each.
    private static func packed(_ word: some Collection<UInt8>) -> UInt128? {
        guard word.count <= 16 else { return nil }
        return word.reduce(0) { $0 << 8 | UInt128(0x61...0x7A ~= $1 ? $1 & 0xDF : $1) }
    }

    private static func set(_ words: String) -> Set<UInt128> { Set(words.split(separator: " ").compactMap { packed($0.utf8) }) }

    private static let all = set(
        """
        ADD ALL ALTER ANALYZE AND ANY ARRAY AS ASC BEGIN BETWEEN BY CASCADE CASE CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT \
        CREATE CROSS CURRENT DEFAULT DELETE DESC DESCRIBE DISTINCT DIV DO DROP DUPLICATE ELSE END ESCAPE EXCEPT EXISTS EXPLAIN \
        FALSE FETCH FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GLOB GROUP HAVING IF IGNORE ILIKE IN INDEX INNER INSERT INTERSECT \
        INTERVAL INTO IS JOIN KEY LAST LATERAL LEFT LIKE LIMIT LOCK MATERIALIZED MERGE NATURAL NOT NOTHING NULL NULLS OFFSET ON OR \
        ORDER OUTER OVER PARTITION PRAGMA PRECEDING PRIMARY RANGE RECURSIVE REFERENCES REGEXP RENAME REPLACE RETURNING RIGHT RLIKE \
        ROLLBACK ROW ROWS SELECT SET SHARE SHOW SIMILAR SOME TABLE TEMP TEMPORARY THEN TO TRIGGER TRUE TRUNCATE UNBOUNDED UNION \
        UNIQUE UPDATE USE USING VALUE VALUES VIEW WHEN WHERE WINDOW WITH WITHIN XOR
        """)
    /// After these a list of values may begin.
    private static let listOpeners = set("IN VALUES VALUE ARRAY")
    private static let rowOpeners = set("VALUES VALUE")
    /// Words that stand where a literal could.
    private static let values = set("NULL TRUE FALSE DEFAULT")
    /// Keywords after which a sign is an operation between two values.
    private static let operands = set("NULL TRUE FALSE END")

    /// What a word is; nil for a name.
    struct Word {
        var opensList: Bool
        var opensRows: Bool
        var isValue: Bool
        var isOperand: Bool
    }

    static func word(_ bytes: some Collection<UInt8>) -> Word? {
        guard let packed = packed(bytes), all.contains(packed) else { return nil }
        return Word(
            opensList: listOpeners.contains(packed), opensRows: rowOpeners.contains(packed), isValue: values.contains(packed),
            isOperand: operands.contains(packed))
    }
}
