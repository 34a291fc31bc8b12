import CLibpq

/// The fields of an error or notice of the server (protocol section "Error and Notice Message Fields").
struct PostgreSQLFailure {
    var severity: String
    var sqlState: String?
    var message: String
    var detail: String?
    var hint: String?
    /// In characters of the statement, from 1.
    var position: Int?
    /// The server's C function, which tells errors of one SQLSTATE apart in any language.
    var routine: String?

    init(_ result: OpaquePointer) {
        func field(_ code: UnicodeScalar) -> String? {
            PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
        }
        severity = field("V") ?? field("S") ?? "ERROR"
        sqlState = field("C")
        message = field("M") ?? PQresultErrorMessage(result).map { String(cString: $0) } ?? "unknown error"
        detail = field("D")
        hint = field("H")
        position = field("P").flatMap { Int($0) }
        routine = field("R")
    }

    /// Whether a cached statement no longer fits the database and can be prepared anew.
    var isStaleStatement: Bool {
        sqlState == "26000" || (sqlState == "0A000" && routine == "RevalidateCachedQuery")
            // A type or relation of its plan was dropped, and perhaps made again.
            || (sqlState == "XX000" && message.hasPrefix("cache lookup failed"))
    }

    /// The server says that it is ending this connection.
    var endsConnection: Bool {
        severity == "FATAL" || severity == "PANIC" || sqlState?.hasPrefix("08") == true
    }

    /// The failure as the caller sees it. `wasCancelled` and `timedOut` tell what a "canceling statement" means.
    func error(
        phase: DatabaseError.Phase, mode: AccessMode, wasCancelled: Bool = false, timedOut: Bool = false
    ) -> DatabaseError {
        let code = code(mode: mode, wasCancelled: wasCancelled, timedOut: timedOut)
        return DatabaseError(
            code, phase: phase, text(for: code), sqlState: sqlState, position: position,
            hint: [hint, detail].compactMap { $0 }.first?.limited(toBytes: 2048),
            retryable: code == .connectionLost || sqlState == "40001" || sqlState == "40P01" || sqlState == "55P03",
            debugDescription: "PostgreSQL \(sqlState ?? "-") \(routine ?? "-")")
    }

    private func code(mode: AccessMode, wasCancelled: Bool, timedOut: Bool) -> DatabaseError.Code {
        switch sqlState {
        case "57014": wasCancelled ? .cancelled : timedOut || message.contains("timeout") ? .timeout : .cancelled
        case "55P03": routine == "ProcessInterrupts" || message.contains("timeout") ? .timeout : .queryFailed
        case "25006": .readOnly
        case "25001", "2D000": mode == .read ? .readOnly : .queryFailed
        default: endsConnection ? .connectionLost : .queryFailed
        }
    }

    private func text(for code: DatabaseError.Code) -> String {
        switch code {
        case .cancelled: "The statement was cancelled."
        case .timeout: "The statement was stopped because it took too long."
        default: message.limited(toBytes: 4096)
        }
    }
}
