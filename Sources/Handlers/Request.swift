import Protocol

/// A request as read, before anybody has asked whether it may be made.
///
/// What is wrong with it is told only when its turn comes: a stranger learns nothing of a method's params, and a request
/// written behind a log-in is judged by the session the log-in gives.
public struct Request: Sendable {
    /// nil where there is no such method.
    let method: Method?
    /// The call, or what is wrong with the method's name or the params.
    let call: Result<Call, RPCError>
    /// The method's name, for logs.
    public let name: String

    /// Reads a request. The params are not looked at where the name is unknown.
    public init(method name: UnsafeRawBufferPointer, params: UnsafeRawBufferPointer?) {
        method = Method(name: name)
        guard let method else {
            let shown = String(String(decoding: name.prefix(100), as: UTF8.self).unicodeScalars.filter { $0.value >= 0x20 })
            self.name = shown
            call = .failure(RPCError(.methodNotFound, "There is no method \(shown); rpc.discover lists them all."))
            return
        }
        self.name = method.name
        do throws(JSONMismatch) {
            call = .success(try Call.decode(method, params: params))
        } catch {
            if let params {
                call = .failure(RPCError(error, in: params))
            } else {
                let member = error.member.map { "." + $0 + " " } ?? ""
                call = .failure(RPCError(.invalidParams, "params \(member)\(error.reason)."))
            }
        }
    }

    /// Whether requests behind it wait until it is answered.
    public var isBarrier: Bool { isValid && method?.ordering == .barrier }

    /// Whether it is answered without I/O, by the spec or because it is wrong.
    var isInline: Bool { !isValid || method?.execution == .inline }

    /// Whether answering it is little work, beside waiting for a database or at all.
    public var isBrief: Bool { isValid && (method == .queryRun || method == .initialize) }

    private var isValid: Bool { if case .success = call { true } else { false } }
}
