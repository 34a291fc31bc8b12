import NIOCore
import NIOPosix
import Protocol

/// Tries everything that a conversation needs, in order, and says which setting is wrong.
public struct ModelDoctor {
    private let client: ModelClient
    private var checks: [ModelCheck] = []

    private init(_ client: ModelClient) { self.client = client }

    /// One check a step, in order; what cannot work after a failure is skipped. It sends a few short requests, which may cost a few
    /// tokens, and takes at most the times of the model's settings.
    public static func check(_ model: ModelClient) async -> [ModelCheck] {
        var doctor = ModelDoctor(model)
        await doctor.run()
        let order = ModelCheck.Step.allCases
        return doctor.checks.sorted { order.firstIndex(of: $0.step) ?? 0 < order.firstIndex(of: $1.step) ?? 0 }
    }

    private var settings: ModelSettings { client.settings }

    private mutating func run() async {
        guard await address(), await models(), await reply() else {
            let done = checks.map(\.step)
            for step in ModelCheck.Step.allCases where !done.contains(step) {
                add(step, .skipped, "An earlier step failed.")
            }
            return
        }
        await toolCall()
        await stream()
    }

    private mutating func add(
        _ step: ModelCheck.Step, _ outcome: ModelCheck.Outcome, since start: NIODeadline? = nil, _ message: String,
        hint: String? = nil
    ) {
        let durationMs = start.map { Int((NIODeadline.now() - $0).nanoseconds / 1_000_000) } ?? 0
        checks.append(ModelCheck(step, outcome, durationMs: durationMs, message, hint: hint))
    }

    private mutating func fail(_ step: ModelCheck.Step, since start: NIODeadline, _ error: ModelError) {
        let detail = error.detail.map { " The server said: \($0)" } ?? ""
        add(
            step, .failed, since: start, error.message + detail,
            hint: error.kind == .notConfigured ? error.message : hint(error.kind))
    }

    // MARK: resolve, connect

    /// Whether somebody listens where the connection goes to: the proxy where there is one.
    private mutating func address() async -> Bool {
        let start = NIODeadline.now()
        let server = try? ModelURL(settings.url)
        guard let (host, port) = settings.proxy.map({ ($0.host, $0.port) }) ?? server.map({ ($0.host, $0.port) }) else {
            let setting = settings.setting(.url)
            add(.resolve, .failed, since: start, "\(setting) is no URL.", hint: "Set \(setting) to http://host:port/v1.")
            return false
        }
        let address = try? await NIOThreadPool.singleton.runIfActive { () throws -> SocketAddress in
            try SocketAddress.makeAddressResolvingHost(host, port: port)
        }
        guard address != nil else {
            add(.resolve, .failed, since: start, "The host \(host) has no address.", hint: hint(.hostNotFound))
            return false
        }
        add(.resolve, .passed, since: start, "\(host) has an address.")
        return true
    }

    // MARK: connect, authenticate, listModels

    private mutating func models() async -> Bool {
        let start = NIODeadline.now()
        do throws(ModelError) {
            let names = try await client.modelIDs()
            add(.connect, .passed, since: start, connected)
            add(.authenticate, .passed, authenticated)
            let isKnown = names.contains(settings.model)
            add(
                .listModels, .passed, since: start, "The server lists \(names.count) model\(names.count == 1 ? "" : "s").",
                hint: isKnown
                    ? nil
                    : "\"\(settings.model)\" is not among them: set \(settings.setting(.model)) to \(ModelClient.choice(names)).")
            return true
        } catch {
            return judge(error, since: start)
        }
    }

    /// What the failure of the list means: many servers have none and are good all the same.
    private mutating func judge(_ error: ModelError, since start: NIODeadline) -> Bool {
        switch error.kind {
        case .notConfigured:
            // It failed before anything was sent.
            fail(.authenticate, since: start, error)
            return false
        case .hostNotFound, .refused, .connectTimeout, .tlsFailed, .timeout, .cancelled:
            fail(.connect, since: start, error)
            return false
        case .authentication:
            add(.connect, .passed, since: start, connected)
            fail(.authenticate, since: start, error)
            return false
        case .modelNotFound, .rejected, .brokenReply, .rateLimited, .overloaded, .contextTooLong:
            guard error.status != nil else {
                fail(.connect, since: start, error)
                return false
            }
            add(.connect, .passed, since: start, connected)
            add(.authenticate, .skipped, "The server lists no models; the reply will show whether the key is good.")
            add(.listModels, .skipped, since: start, "The server lists no models (status \(error.status ?? 0)).")
            return true
        }
    }

    private var connected: String {
        guard let url = try? ModelURL(settings.url) else { return "" }
        if settings.isLocal { return "The server is on this machine." }
        return url.isTLS
            ? "The server is reached with TLS." : "The server is reached without TLS: others on the way can read along."
    }

    private var authenticated: String {
        switch client.key {
        case .none: "The server wants no key."
        case .file, .value: "The server answers to the key."
        }
    }

    // MARK: reply, toolCall, stream

    private mutating func reply() async -> Bool {
        let start = NIODeadline.now()
        do throws(ModelError) {
            let reply = try await client.reply(to: ChatRequest(messages: [.user("Say: ok")], maxTokens: 1)) { _ in }
            add(
                .reply, .passed, since: start,
                "\(reply.model.flatMap { ServerWords.clean($0, without: nil) } ?? settings.model) answers.")
            return true
        } catch {
            fail(.reply, since: start, error)
            return false
        }
    }

    private mutating func toolCall() async {
        let start = NIODeadline.now()
        guard settings.toolStyle != .json else {
            return add(.toolCall, .skipped, "\(settings.setting(.toolStyle)) is json: tools are asked for in text.")
        }
        let tool = ToolSpecification(
            name: "add", description: "Adds two integers and returns their sum.",
            parameters: JSONText(
                #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"required":["a","b"]}"#))
        let advice = "Set \(settings.setting(.toolStyle)) to json."
        do throws(ModelError) {
            let question = ChatMessage.user("Call the tool add with a = 2 and b = 3. Do not answer in words.")
            let reply = try await client.reply(to: ChatRequest(messages: [question], tools: [tool], maxTokens: 256)) { _ in }
            if let call = reply.toolCalls.first, call.name == "add", call.argumentsAreObject {
                add(.toolCall, .passed, since: start, "The model called a tool.")
            } else {
                add(.toolCall, .failed, since: start, "The model was asked to call a tool and did not.", hint: advice)
            }
        } catch {
            switch error.kind {
            case .rejected, .modelNotFound, .overloaded, .brokenReply:
                add(.toolCall, .failed, since: start, "The server refused a request with a tool.", hint: advice)
            default: fail(.toolCall, since: start, error)
            }
        }
    }

    private mutating func stream() async {
        let start = NIODeadline.now()
        do throws(ModelError) {
            let request = ChatRequest(messages: [.user("Count from one to five in words.")], maxTokens: 32)
            let pieces = PieceCount()
            let reply = try await client.reply(to: request) { _ in pieces.add() }
            guard reply.wasStreamed else {
                add(
                    .stream, .failed, since: start, "The server answers in one piece although a stream was asked for.",
                    hint: "Replies will appear all at once; a server or proxy that streams is better.")
                return
            }
            add(.stream, .passed, since: start, "The reply came in \(pieces.value) pieces.")
        } catch {
            fail(.stream, since: start, error)
        }
    }

    // MARK: Advice

    private func hint(_ kind: ModelError.Kind) -> String? {
        let address: ModelSettings.Member = settings.proxy == nil ? .url : .proxy
        return switch kind {
        case .hostNotFound: "Correct the host in \(settings.setting(address))."
        case .refused: "Start the server, or correct \(settings.setting(address))."
        case .connectTimeout:
            "Check \(settings.setting(address)) and the network, or raise \(settings.setting(.connectTimeoutMs))."
        case .tlsFailed:
            "Set \(settings.setting(.tlsCaFile)) to a PEM file with the server's authority, or correct \(settings.setting(.url))."
        case .authentication, .notConfigured:
            "Set \(settings.setting(.keyFile)) to a file with a good key that only you can read (chmod 600)."
        case .modelNotFound: "Set \(settings.setting(.model)) to a model the server has."
        case .contextTooLong: "Set \(settings.setting(.contextTokens)) to what the model takes."
        case .rejected, .brokenReply: "Set \(settings.setting(.url)) to the server's URL up to /v1."
        case .timeout:
            "Raise \(settings.setting(.firstByteTimeoutMs)) or \(settings.setting(.totalTimeoutMs)), or use a faster model."
        case .rateLimited, .overloaded: "Try again later, or set \(settings.setting(.url)) to another server."
        case .cancelled: nil
        }
    }
}
