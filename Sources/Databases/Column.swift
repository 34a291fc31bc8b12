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
        /// SQLite, where each cell has a type of its own: integers as `integer` if they fit, else `{"$integer":"…"}`; reals as
        /// numbers, else `{"$float":"Infinity"}`; text as strings; blobs as `{"$base64":"…"}`.
        case dynamic
    }
}
