import Models
import Protocol

/// One thing that can be configured.
struct Setting: Sendable {
    enum Kind: Sendable {
        case text
        case list
        case bool
        /// A whole number of at least this.
        case integer(min: Int)
        /// A number from 0 to this, or nothing.
        case number(max: Double)
        case choice([String])
    }

    /// As in the file: `limits.queryTimeoutMs`.
    let name: String
    let kind: Kind
    let defaultText: String
    let summary: String
    /// Whether SIGHUP applies a new value.
    var isReloadable = false

    /// Whether it is the proxy of a model, which may name a user and a password.
    var isProxy: Bool { name == ModelSettings.Member.proxy.topLevelSetting || name.hasPrefix("models.") && path.last == "proxy" }

    var path: [String] { name.split(separator: ".").map(String.init) }

    /// `DBASSIST_LIMITS_QUERY_TIMEOUT_MS`.
    var environmentName: String {
        var text: [UInt8] = Array("DBASSIST_".utf8)
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "."): text.append(UInt8(ascii: "_"))
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): text += [UInt8(ascii: "_"), byte]
            case UInt8(ascii: "a")...UInt8(ascii: "z"): text.append(byte & ~0x20)
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// ` (did you mean X?)` where a known name is near.
    static func nearest(_ name: String, _ known: [String]) -> String {
        let ranked = known.map { (EditDistance.between(name.lowercased(), $0.lowercased()), $0) }.sorted { $0 < $1 }
        guard let best = ranked.first, best.0 <= max(2, name.count / 3) else { return "" }
        return " (did you mean \(best.1)?)"
    }

    /// Everything that can be configured.
    static let all: [Setting] =
        [
            Setting(name: "stateDir", kind: .text, defaultText: "", summary: "Directory of the store and the keyring."),
            Setting(
                name: "store", kind: .text, defaultText: "",
                summary:
                    "A PostgreSQL database for the store, as postgresql://user:password@host/database; without it a file in stateDir."
            ),
            Setting(
                name: "socket", kind: .text, defaultText: "",
                summary: "Path of the Unix socket; its directory is made if missing."),
            Setting(
                name: "metricsSocket", kind: .text, defaultText: "",
                summary: "Path of a second Unix socket that answers GET /metrics over HTTP; empty: none."),
            Setting(
                name: "traceFile", kind: .text, defaultText: "",
                summary:
                    "File that spans of requests, statements and models are appended to, as lines of OTLP's JSON; empty: none."),
            Setting(
                name: "traceSampling", kind: .number(max: 1), defaultText: "1",
                summary: "Which part of all traces is kept, from 0 to 1."),
            Setting(
                name: "mode", kind: .choice(["personal", "shared"]), defaultText: "personal",
                summary: "personal: only your own user connects, and names files and sockets freely; shared: allow-lists decide."),
            Setting(
                name: "allowedUserIds", kind: .list, defaultText: "",
                summary:
                    "In shared mode: user ids that may connect, besides our own; name a socket in a directory they can reach. any: whoever the permissions of a socket that systemd made let connect."
            ),
            Setting(
                name: "fileRoots", kind: .list, defaultText: "",
                summary: "In shared mode: directories that SQLite files may be in."),
            Setting(
                name: "socketDirectories", kind: .list, defaultText: "",
                summary: "In shared mode: directories of Unix sockets that databases may be reached by."),
            Setting(
                name: "allowPrivateAddresses", kind: .bool, defaultText: "false",
                summary: "In shared mode: whether databases on loopback and private networks may be reached."),
            Setting(
                name: "requireTlsForRemote", kind: .bool, defaultText: "true",
                summary: "Whether a database beyond loopback and private networks must be reached with TLS."),
            Setting(
                name: "logLevel", kind: .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
                defaultText: "info", summary: "What is logged.", isReloadable: true),
            Setting(
                name: "logFormat", kind: .choice(["auto", "json", "text"]), defaultText: "auto",
                summary: "auto: text on a terminal, else JSON lines."),
        ]
        + ModelSetting.topLevel
        + Limits.table.filter(\.isConfigurable).map { entry in
            Setting(
                name: "limits.\(entry.name)", kind: .integer(min: entry.minimum),
                defaultText: String(entry.get(Limits())),
                summary: entry.summary)
        }
}
