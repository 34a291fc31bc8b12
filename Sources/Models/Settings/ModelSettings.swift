/// How a model is asked for calls of tools.
public enum ToolStyle: String, Sendable, CaseIterable {
    /// `native`, unless the server refuses tools.
    case auto
    /// `tools` and `tool_calls` of the chat endpoint.
    case native
    /// One JSON reply a step, held to a schema, for models without calls of their own.
    case json
}

/// Where a model is and how it is spoken to. It holds no key.
public struct ModelSettings: Sendable, Equatable {
    /// What the configuration calls it.
    public var name: String
    /// The endpoint up to `/v1`, with or without a slash behind it.
    public var url: String
    /// What the server calls it.
    public var model: String
    /// The file the key is read from, at each request.
    public var keyFile: String?
    public var toolStyle: ToolStyle
    /// Tokens that prompt and reply may have together.
    public var contextTokens: Int
    /// Tokens of a reply.
    public var maxReplyTokens: Int
    /// nil: the server's own.
    public var temperature: Double?
    public var connectTimeoutMs: Int
    /// From the request to the first byte of the answer: a prompt may take a slow machine a minute.
    public var firstByteTimeoutMs: Int
    /// From one byte to the next.
    public var idleTimeoutMs: Int
    /// From the request to the end of the answer, with all retries.
    public var totalTimeoutMs: Int
    /// How often a request is sent again at most, where that may help.
    public var retries: Int
    /// An HTTP proxy to reach it through; with TLS, proxy and others on the way see only whom it leads to.
    public var proxy: ModelProxy?
    /// A PEM file of the authorities to trust, in place of the system's.
    public var tlsCAFile: String?
    /// Whether its settings stand under `models` in the configuration file, not in the `model…` settings.
    public var isNamed: Bool

    public init(
        name: String, url: String, model: String, keyFile: String? = nil, toolStyle: ToolStyle = .auto,
        contextTokens: Int = 8192, maxReplyTokens: Int = 1024, temperature: Double? = nil, connectTimeoutMs: Int = 5000,
        firstByteTimeoutMs: Int = 120_000, idleTimeoutMs: Int = 30_000, totalTimeoutMs: Int = 300_000, retries: Int = 2,
        proxy: ModelProxy? = nil, tlsCAFile: String? = nil, isNamed: Bool = false
    ) {
        self.name = name
        self.url = url
        self.model = model
        self.keyFile = keyFile
        self.toolStyle = toolStyle
        self.contextTokens = contextTokens
        self.maxReplyTokens = maxReplyTokens
        self.temperature = temperature
        self.connectTimeoutMs = connectTimeoutMs
        self.firstByteTimeoutMs = firstByteTimeoutMs
        self.idleTimeoutMs = idleTimeoutMs
        self.totalTimeoutMs = totalTimeoutMs
        self.retries = retries
        self.proxy = proxy
        self.tlsCAFile = tlsCAFile
        self.isNamed = isNamed
    }

    /// The server's host, without port, user or brackets; empty where ``url`` is none.
    public var host: String { (try? ModelURL(url))?.host ?? "" }

    /// Whether what is sent stays on this machine: the host is a loopback one and no proxy is in between.
    public var isLocal: Bool { proxy == nil && (try? ModelURL(url))?.isLoopback == true }

    /// What can be set.
    public enum Member: String, Sendable, CaseIterable {
        case url, model, keyFile, toolStyle, contextTokens, maxReplyTokens, temperature, connectTimeoutMs, firstByteTimeoutMs,
            idleTimeoutMs, totalTimeoutMs, retries, proxy, tlsCaFile
    }

    /// The setting of `member` as the configuration names it: `modelKeyFile`, or `models.fast.keyFile`.
    public func setting(_ member: Member) -> String {
        isNamed ? "models.\(name).\(member.rawValue)" : member.topLevelSetting
    }
}

extension ModelSettings.Member {
    /// The `model…` setting: `modelKeyFile`; `model` for the model itself.
    public var topLevelSetting: String {
        guard self != .model, let first = rawValue.first else { return "model" }
        // A substring would be added by what it conforms to, which takes a search through the program at every start.
        return "model" + first.uppercased() + String(rawValue.dropFirst())
    }
}
