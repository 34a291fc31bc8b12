/// PostgreSQL's built-in types by their fixed OIDs (`pg_type.dat`), and how their text becomes JSON.
///
/// A domain arrives as its base type; everything that is not here is looked up by ``PostgreSQLTypeNames`` and written as
/// the string the server sends.
enum PostgreSQLType {
    static func encoding(_ oid: UInt32) -> Column.Encoding {
        switch oid {
        case 16: .boolean
        case 20, 21, 23, 26: .integer
        case 700, 701: .float
        case 1700: .decimal
        case 17: .base64
        case 114, 3802: .json
        default: .string
        }
    }

    /// The name as the catalogue has it, with its modifier: `int4`, `varchar(20)`, `numeric(10,2)`, `int4[]`. Nil where
    /// the server must be asked.
    static func name(_ oid: UInt32, modifier: Int32) -> String? {
        if let element = arrayElements[oid] { return name(element, modifier: modifier).map { $0 + "[]" } }
        guard let base = names[oid] else { return nil }
        guard modifier >= 0 else { return base }
        switch oid {
        case 1042, 1043: return "\(base)(\(modifier - 4))"
        case 1560, 1562: return "\(base)(\(modifier))"
        case 1083, 1114, 1184, 1266: return "\(base)(\(modifier))"
        case 1700: return "\(base)(\((modifier - 4) >> 16 & 0xFFFF),\(scale(modifier - 4)))"
        default: return nil
        }
    }

    /// Eleven bits, signed (PostgreSQL 15 allows negative scales).
    private static func scale(_ modifier: Int32) -> Int32 { ((modifier & 0x7FF) ^ 1024) - 1024 }

    private static let names: [UInt32: String] = [
        16: "bool", 17: "bytea", 18: "char", 19: "name", 20: "int8", 21: "int2", 22: "int2vector", 23: "int4", 24: "regproc",
        25: "text", 26: "oid", 27: "tid", 28: "xid", 29: "cid", 30: "oidvector", 114: "json", 142: "xml", 194: "pg_node_tree",
        600: "point", 601: "lseg", 602: "path", 603: "box", 604: "polygon", 628: "line", 650: "cidr", 700: "float4",
        701: "float8", 705: "unknown", 718: "circle", 774: "macaddr8", 790: "money", 829: "macaddr", 869: "inet",
        1033: "aclitem", 1042: "bpchar", 1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamptz",
        1186: "interval", 1266: "timetz", 1560: "bit", 1562: "varbit", 1700: "numeric", 2202: "regprocedure",
        2203: "regoper", 2204: "regoperator", 2205: "regclass", 2206: "regtype", 2249: "record", 2278: "void", 2950: "uuid",
        2970: "txid_snapshot", 3220: "pg_lsn", 3614: "tsvector", 3615: "tsquery", 3734: "regconfig", 3769: "regdictionary",
        3802: "jsonb", 3904: "int4range", 3906: "numrange", 3908: "tsrange", 3910: "tstzrange", 3912: "daterange",
        3926: "int8range", 4072: "jsonpath", 4089: "regnamespace", 4096: "regrole", 4451: "int4multirange",
        4532: "nummultirange", 4533: "tsmultirange", 4534: "tstzmultirange", 4535: "datemultirange", 4536: "int8multirange",
        5038: "pg_snapshot", 5069: "xid8",
    ]

    private static let arrayElements: [UInt32: UInt32] = [
        1000: 16, 1001: 17, 1002: 18, 1003: 19, 1016: 20, 1005: 21, 1007: 23, 1009: 25, 1028: 26, 199: 114, 143: 142,
        1021: 700, 1022: 701, 791: 790, 1040: 829, 1041: 869, 651: 650, 1014: 1042, 1015: 1043, 1182: 1082, 1183: 1083,
        1115: 1114, 1185: 1184, 1187: 1186, 1270: 1266, 1561: 1560, 1563: 1562, 1231: 1700, 2951: 2950, 3807: 3802,
        2287: 2249, 1034: 1033,
    ]
}
