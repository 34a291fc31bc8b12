internal import CMariaDB
internal import Protocol

/// How a cell is laid out on the wire (the binary protocol), and so how it is written.
enum MariaDBCellKind: UInt8 {
    case null
    case int8, uint8, int16, uint16, int32, uint32, int64, uint64
    case float, double
    case year, date, dateTime, time
    case decimal, text, binary, bits, digits, json
}

/// A column as the driver reads it.
struct MariaDBColumn {
    var column: Column
    var kind: MariaDBCellKind
    /// Digits of the fraction of a second that the server shows; 39 means as many as there are.
    var fraction: UInt8

    private static let binaryCharset: UInt32 = 63

    init(_ field: MYSQL_FIELD) {
        let name = MariaDBColumn.string(field.name, Int(field.name_length))
        let isUnsigned = field.flags & UInt32(UNSIGNED_FLAG) != 0
        let isBinary = field.charsetnr == MariaDBColumn.binaryCharset
        let (type, kind, encoding) = MariaDBColumn.shape(field, isUnsigned: isUnsigned, isBinary: isBinary)
        self.kind = kind
        fraction = UInt8(clamping: field.decimals)
        column = Column(name: name, type: type, encoding: encoding)
    }

    private typealias Shape = (type: String, kind: MariaDBCellKind, encoding: Column.Encoding)

    private static func shape(_ field: MYSQL_FIELD, isUnsigned: Bool, isBinary: Bool) -> Shape {
        switch field.type {
        case MYSQL_TYPE_TINY:
            let name = field.length == 1 ? "TINYINT(1)" : "TINYINT"
            return integer(name, isUnsigned, .int8, .uint8)
        case MYSQL_TYPE_SHORT: return integer("SMALLINT", isUnsigned, .int16, .uint16)
        case MYSQL_TYPE_INT24: return integer("MEDIUMINT", isUnsigned, .int32, .uint32)
        case MYSQL_TYPE_LONG: return integer("INT", isUnsigned, .int32, .uint32)
        case MYSQL_TYPE_LONGLONG: return integer("BIGINT", isUnsigned, .int64, .uint64)
        case MYSQL_TYPE_FLOAT: return (isUnsigned ? "FLOAT UNSIGNED" : "FLOAT", .float, .float)
        case MYSQL_TYPE_DOUBLE: return (isUnsigned ? "DOUBLE UNSIGNED" : "DOUBLE", .double, .float)
        case MYSQL_TYPE_NEWDECIMAL, MYSQL_TYPE_DECIMAL:
            let signs = (isUnsigned ? 0 : 1) + (field.decimals > 0 ? 1 : 0)
            let precision = max(Int(field.length) - signs, 1)
            return ("DECIMAL(\(precision),\(field.decimals))\(isUnsigned ? " UNSIGNED" : "")", .decimal, .decimal)
        case MYSQL_TYPE_YEAR: return (field.length == 2 ? "YEAR(2)" : "YEAR", .year, .string)
        case MYSQL_TYPE_DATE, MYSQL_TYPE_NEWDATE: return ("DATE", .date, .string)
        case MYSQL_TYPE_DATETIME, MYSQL_TYPE_DATETIME2: return (timed("DATETIME", field), .dateTime, .string)
        case MYSQL_TYPE_TIMESTAMP, MYSQL_TYPE_TIMESTAMP2: return (timed("TIMESTAMP", field), .dateTime, .string)
        case MYSQL_TYPE_TIME, MYSQL_TYPE_TIME2: return (timed("TIME", field), .time, .string)
        // A column's bits come as bits; those of an expression (`MAX(b)`), which has no column's name, as decimal digits.
        case MYSQL_TYPE_BIT: return ("BIT(\(field.length))", field.org_name_length > 0 ? .bits : .digits, .integer)
        case MYSQL_TYPE_NULL: return ("NULL", .null, .string)
        case MYSQL_TYPE_JSON: return ("JSON", .json, .json)
        case MYSQL_TYPE_GEOMETRY: return (attribute(field, MARIADB_FIELD_ATTR_DATA_TYPE_NAME) ?? "GEOMETRY", .binary, .base64)
        default: return characters(field, isBinary: isBinary)
        }
    }

    private static func characters(_ field: MYSQL_FIELD, isBinary: Bool) -> Shape {
        if attribute(field, MARIADB_FIELD_ATTR_FORMAT_NAME) == "JSON" { return ("JSON", .json, .json) }
        // INET4, INET6, UUID: sent as text whatever their character set says.
        if let name = attribute(field, MARIADB_FIELD_ATTR_DATA_TYPE_NAME) { return (name, .text, .string) }
        if field.flags & UInt32(ENUM_FLAG) != 0 { return ("ENUM", .text, .string) }
        if field.flags & UInt32(SET_FLAG) != 0 { return ("SET", .text, .string) }
        let bytes = Int(field.length)
        switch field.type {
        case MYSQL_TYPE_STRING:
            return isBinary ? ("BINARY(\(bytes))", .binary, .base64) : ("CHAR(\(bytes / 4))", .text, .string)
        case MYSQL_TYPE_VAR_STRING, MYSQL_TYPE_VARCHAR:
            return isBinary ? ("VARBINARY(\(bytes))", .binary, .base64) : ("VARCHAR(\(bytes / 4))", .text, .string)
        case MYSQL_TYPE_ENUM: return ("ENUM", .text, .string)
        case MYSQL_TYPE_SET: return ("SET", .text, .string)
        default:
            // The four sizes of BLOB and TEXT differ on the wire only in their longest length, for text in bytes of utf8mb4.
            let scale = isBinary ? 1 : 4
            let size =
                bytes <= 255 * scale ? "TINY" : bytes <= 65_535 * scale ? "" : bytes <= 16_777_215 * scale ? "MEDIUM" : "LONG"
            return isBinary ? (size + "BLOB", .binary, .base64) : (size + "TEXT", .text, .string)
        }
    }

    private static func integer(
        _ name: String, _ isUnsigned: Bool, _ signed: MariaDBCellKind, _ unsigned: MariaDBCellKind
    ) -> Shape {
        isUnsigned ? (name + " UNSIGNED", unsigned, .integer) : (name, signed, .integer)
    }

    private static func timed(_ name: String, _ field: MYSQL_FIELD) -> String {
        (1...6).contains(field.decimals) ? "\(name)(\(field.decimals))" : name
    }

    /// MariaDB's extended metadata, upper-case: the name of a type that has no number of its own, or `JSON`.
    private static func attribute(_ field: MYSQL_FIELD, _ which: mariadb_field_attr_t) -> String? {
        var field = field
        var attribute = MARIADB_CONST_STRING()
        guard mariadb_field_attr(&attribute, &field, which) == 0, attribute.length > 0, let text = attribute.str else {
            return nil
        }
        return string(text, Int(attribute.length)).uppercased()
    }

    private static func string(_ start: UnsafePointer<CChar>?, _ count: Int) -> String {
        guard let start else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }
}
