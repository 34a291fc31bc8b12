import Models

/// The settings of models: `modelUrl` and its like for one, and for all what they have in common; `models.NAME.url` and its like for
/// several, in the file only.
enum ModelSetting {
    /// How many models the file may have.
    static let modelsMax = 32

    /// What the one model of the `model…` settings is called.
    static let defaultName = "default"

    static let topLevel: [Setting] =
        ModelSettings.Member.allCases.map { setting(of: $0, named: $0.topLevelSetting, defaultText: $0.defaultText) } + [
            Setting(
                name: "modelDefault", kind: .text, defaultText: "",
                summary: "The model that is used where none is named; the first there is if this is not set.")
        ]

    /// The settings of one model in the file.
    static func named(_ name: String) -> [Setting] {
        ModelSettings.Member.allCases.map { setting(of: $0, named: "models.\(name).\($0.rawValue)", defaultText: "") }
    }

    /// Whether these are the parts of a setting of a model in the file.
    static func isNamed(_ path: [String]) -> Bool {
        path.count == 3 && path[0] == "models" && ModelSettings.Member(rawValue: path[2]) != nil
    }

    static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }

    private static func setting(of member: ModelSettings.Member, named name: String, defaultText: String) -> Setting {
        Setting(name: name, kind: member.kind, defaultText: defaultText, summary: member.summary)
    }
}

extension ModelSettings.Member {
    fileprivate var kind: Setting.Kind {
        switch self {
        case .url, .model, .keyFile, .proxy, .tlsCaFile: .text
        case .toolStyle: .choice(ToolStyle.allCases.map(\.rawValue))
        case .contextTokens: .integer(min: 1024)
        case .maxReplyTokens: .integer(min: 16)
        case .temperature: .number(max: 2)
        case .connectTimeoutMs, .firstByteTimeoutMs, .idleTimeoutMs, .totalTimeoutMs: .integer(min: 100)
        case .retries: .integer(min: 0)
        }
    }

    fileprivate var defaultText: String {
        let defaults = ModelSettings(name: "", url: "", model: "")
        return switch self {
        case .url, .model, .keyFile, .temperature, .proxy, .tlsCaFile: ""
        case .toolStyle: defaults.toolStyle.rawValue
        case .contextTokens: "\(defaults.contextTokens)"
        case .maxReplyTokens: "\(defaults.maxReplyTokens)"
        case .connectTimeoutMs: "\(defaults.connectTimeoutMs)"
        case .firstByteTimeoutMs: "\(defaults.firstByteTimeoutMs)"
        case .idleTimeoutMs: "\(defaults.idleTimeoutMs)"
        case .totalTimeoutMs: "\(defaults.totalTimeoutMs)"
        case .retries: "\(defaults.retries)"
        }
    }

    fileprivate var summary: String {
        switch self {
        case .url: "The model's endpoint, OpenAI-compatible, up to /v1; empty: no model."
        case .model: "What the server calls the model."
        case .keyFile: "File of the server's key, readable by its owner only; DBASSIST_MODEL_KEY is the key itself."
        case .toolStyle: "How tools are asked for: native, json for models without tool calls, auto."
        case .contextTokens: "Tokens that a request and its reply may have together."
        case .maxReplyTokens: "Tokens of a reply."
        case .temperature: "From 0 to 2; empty: the server's own."
        case .connectTimeoutMs: "For the connection to the server."
        case .firstByteTimeoutMs: "From a request to the first byte of its reply."
        case .idleTimeoutMs: "From one byte of a reply to the next."
        case .totalTimeoutMs: "For a reply with all its retries."
        case .retries: "How often a request is sent again where that may help."
        case .proxy: "HTTP proxy to the server: http://host:port or http://user:password@host:port, percent-encoded."
        case .tlsCaFile: "PEM file of the authorities to trust in place of the system's."
        }
    }
}
