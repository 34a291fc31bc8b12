import Databases

/// What a model gets wrong most in each engine's SQL.
enum SQLNotes {
    static func name(_ engine: Databases.DatabaseType) -> String {
        switch engine {
        case .postgresql: "PostgreSQL"
        case .mysql: "MySQL or MariaDB"
        case .sqlite: "SQLite"
        }
    }

    static func text(_ engine: Databases.DatabaseType, _ version: String?) -> String {
        switch engine {
        case .postgresql:
            """
            PostgreSQL: quote names that have capitals, blanks or are reserved words with double quotes ("Order"); strings in single \
            quotes. date_trunc('month', t), now() - interval '7 days', extract(year from t), ILIKE, string_agg(x, ', '), count(*) \
            FILTER (WHERE ...). Round with round(x::numeric, 2). Integer division drops the rest: cast to numeric.
            """
        case .mysql:
            """
            \(mysqlName(version)): quote names with backticks (`order`), strings with single quotes. DATE_FORMAT(t, '%Y-%m'), NOW() - \
            INTERVAL 7 DAY, YEAR(t), GROUP_CONCAT(x SEPARATOR ', '), IFNULL. No ILIKE, no FILTER, no FULL JOIN, no :: casts: \
            CAST(x AS DECIMAL(12,2)). Comparison of text mostly ignores case.
            """
        case .sqlite:
            """
            SQLite: quote names with double quotes, strings with single quotes. Dates are text or numbers: date('now', '-7 days'), \
            strftime('%Y-%m', t). No ILIKE (LIKE ignores the case of ASCII), no interval, no :: casts: CAST(x AS REAL). \
            group_concat(x, ', '), IFNULL. Integer division drops the rest: multiply by 1.0.
            """
        }
    }

    private static func mysqlName(_ version: String?) -> String {
        guard let version else { return "MySQL or MariaDB" }
        return version.lowercased().contains("mariadb") ? "MariaDB" : "MySQL"
    }
}
