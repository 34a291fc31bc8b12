/// A column of a result.
public struct Column: Sendable, Equatable {
    public var name: String
    /// The database's own name of the type: `int4`, `varchar(20)`, `DECIMAL(10,2)`.
    public var type: String
    public var encoding: Encoding

    public init(name: String, type: String, encoding: Encoding) {
        self.name = name
        self.type = type
        self.encoding = encoding
    }

    /// How a cell that is not null is written in JSON. Every engine's types map to these (table in `docs/protocol.md`).
    ///
    /// In SQLite a cell's storage class need not be its column's type. A cell that does not fit its column's encoding is
    /// then an object with one tag, so that nothing is lost and nothing can be mistaken for something else:
    ///
    /// | storage class              | `integer`            | `float`             | `string`            | `base64`            | `dynamic`            |
    /// |----------------------------|----------------------|---------------------|---------------------|---------------------|----------------------|
    /// | INTEGER within ±(2^53−1)   | `1`                  | `{"$integer":"1"}`  | `{"$integer":"1"}`  | `{"$integer":"1"}`  | `1`                  |
    /// | INTEGER beyond             | `"9007199254740992"` | `{"$integer":"…"}`  | `{"$integer":"…"}`  | `{"$integer":"…"}`  | `{"$integer":"…"}`   |
    /// | REAL, finite               | `{"$float":1.5}`     | `1.5`               | `{"$float":1.5}`    | `{"$float":1.5}`    | `1.5` (with `.`/`e`) |
    /// | REAL, infinite             | `{"$float":"Infinity"}` | `"Infinity"`     | `{"$float":"Infinity"}` | `{"$float":"Infinity"}` | `{"$float":"Infinity"}` |
    /// | TEXT, valid UTF-8          | `{"$text":"x"}`      | `{"$text":"x"}`     | `"x"`               | `{"$text":"x"}`     | `"x"`                |
    /// | TEXT, not UTF-8            | `{"$base64":"/w==","text":true}` in every column                                                 |||||
    /// | BLOB                       | `{"$base64":"/w=="}` | `{"$base64":"/w=="}` | `{"$base64":"/w=="}` | `"/w=="`          | `{"$base64":"/w=="}` |
    /// | NULL (and NaN, which SQLite stores as NULL) | `null` in every column                                                          |||||
    ///
    /// In every engine a cell over the limit is `{"$truncated":{"bytes":N,"prefix":"…"}}`.
    public enum Encoding: String, Sendable, CaseIterable {
        /// `true` or `false`.
        case boolean
        /// A number within ±(2^53−1), else a string of digits.
        case integer
        /// A number with the shortest digits that read back the same; `"NaN"`, `"Infinity"`, `"-Infinity"`.
        case float
        /// A string of decimal digits, every one of them.
        case decimal
        /// A string: text, dates, intervals and every type without a better form, as the engine writes it.
        case string
        /// A string of standard base64, padded.
        case base64
        /// The JSON value itself.
        case json
        /// SQLite, for columns without a declared type, of NUMERIC affinity, and for expressions: each cell has a type of its
        /// own. Integers as numbers if they fit, else `{"$integer":"…"}`; reals as numbers that have a `.` or an exponent,
        /// else `{"$float":"Infinity"}`; text as strings; blobs as `{"$base64":"…"}`.
        case dynamic
    }
}
