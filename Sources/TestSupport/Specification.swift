import Foundation

/// `spec/openrpc.json`, as the tests ask it.
public struct Specification: Sendable {
    /// The one of this repository.
    public static let shared = try! Specification(
        parsing: Array(Data(contentsOf: Repository.root.appending(path: "spec/openrpc.json"))))

    /// What any request can be answered, whatever its method lists: see `spec/ADDING_A_METHOD.md`.
    public static let generalErrors: Set<String> = [
        "parse_error", "invalid_request", "method_not_found", "request_too_large", "response_too_large", "batch_too_large",
        "not_initialized", "cancelled", "shutting_down", "internal", "forbidden", "rate_limited",
    ]

    /// What `error.data` may hold: see `spec/ADDING_A_METHOD.md`.
    private static let errorMembers: Set<String> = [
        "code", "retryable", "requestId", "phase", "path", "sqlState", "position", "hint", "limit", "retryAfterMs",
        "consent",
    ]

    public let document: JSONValue
    private let validator: SchemaValidator

    init(parsing bytes: [UInt8]) throws {
        document = try JSONValue(parsing: bytes)
        validator = SchemaValidator(document: document)
    }

    /// Every method of the server, as the document describes it.
    public var methods: [JSONValue] { document["methods"].array ?? [] }
    public var methodNames: [String] { methods.compactMap { $0["name"].string } }

    public func method(_ name: String) -> JSONValue? { methods.first { $0["name"].string == name } }

    /// The error codes the document knows.
    public var errorNames: [String] { document["components"]["errors"].names }

    // MARK: Checking

    /// What is wrong with a reply to a request of this method; empty if nothing is.
    public func problems(inReply reply: JSONValue, to method: String?) -> [String] {
        var problems: [String] = []
        if reply["jsonrpc"] != "2.0" { problems.append("jsonrpc is \(reply["jsonrpc"])") }
        let extra = Set(reply.names).subtracting(["jsonrpc", "id", "result", "error"])
        if !extra.isEmpty { problems.append("unknown members: \(extra.sorted())") }
        if reply.member("id") == nil { problems.append("no id") }
        switch (reply.member("result"), reply.member("error")) {
        case (let result?, nil): problems += self.problems(inResult: result, of: method)
        case (nil, let error?): problems += self.problems(inError: error, of: method)
        default: problems.append("exactly one of result and error must be there")
        }
        return problems
    }

    public func problems(inResult result: JSONValue, of method: String?) -> [String] {
        guard let method, let described = self.method(method) else { return ["a result for an unknown method"] }
        guard let schema = described.member("result")?["schema"] else { return ["\(method) has no result"] }
        return validator.problems(result, against: schema, at: "result") + Self.nulls(result, at: "result", of: method)
    }

    private func problems(inError error: JSONValue, of method: String?) -> [String] {
        let data = error["data"]
        guard let code = data["code"].string, let known = document["components"]["errors"].member(code) else {
            return ["unknown data.code in \(error)"]
        }
        var problems: [String] = []
        let listed = Set(
            (method.flatMap(self.method)?["errors"].array ?? []).compactMap { $0["$ref"].string?.split(separator: "/").last })
        let isOfAnyMethod =
            code == "busy" && data["phase"] == "store" || code == "rate_limited" && data["limit"] == "requestsPerMinute"
        if !Self.generalErrors.contains(code), !isOfAnyMethod, !listed.contains(Substring(code)) {
            problems.append("\(method ?? "?") does not list the error \(code)")
        }
        if error["code"] != known["code"] { problems.append("code \(error["code"]) instead of \(known["code"])") }
        let extra = Set(error.names).subtracting(["code", "message", "data"])
        if !extra.isEmpty { problems.append("unknown members of error: \(extra.sorted())") }
        let message = error["message"].string ?? ""
        if message.isEmpty || message.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" }) {
            problems.append("message \(error["message"])")
        }
        let members = Set(data.names).subtracting(Self.errorMembers)
        if !members.isEmpty { problems.append("unknown members of error.data: \(members.sorted())") }
        if data["retryable"].bool == nil { problems.append("no retryable in \(data)") }
        if (data["requestId"].string ?? "").isEmpty { problems.append("no requestId in \(data)") }
        return problems
    }

    /// What is wrong with a notification of the daemon; empty if nothing is.
    public func problems(inNotification message: JSONValue) -> [String] {
        guard message["jsonrpc"] == "2.0", let name = message["method"].string else { return ["no notification: \(message)"] }
        let described = (document["x-notifications"].array ?? []).first { $0["name"].string == name }
        guard let described else { return ["unknown notification \(name)"] }
        let extra = Set(message.names).subtracting(["jsonrpc", "method", "params"])
        let problems = extra.isEmpty ? [] : ["unknown members: \(extra.sorted())"]
        return problems + validator.problems(message["params"], against: described["params"], at: "params")
    }

    /// Null where the spec says that what does not apply is absent: rows of a result, and `shutdown`, are the places for null.
    private static func nulls(_ value: JSONValue, at path: String, of method: String) -> [String] {
        if ["shutdown", "rpc.discover"].contains(method) { return [] }
        switch value {
        case .null: return ["\(path) is null"]
        case .object(let members):
            return members.filter { $0.name != "rows" }.flatMap { nulls($0.value, at: "\(path).\($0.name)", of: method) }
        case .array(let elements): return elements.flatMap { nulls($0, at: path + "[]", of: method) }
        default: return []
        }
    }
}
