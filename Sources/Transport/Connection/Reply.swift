import Protocol

/// Writes JSON-RPC replies.
enum Reply {
    static func result(_ id: RequestID, _ value: some JSONEncodable, to writer: inout JSONWriter) {
        writer.raw("{\"jsonrpc\":\"2.0\",\"id\":")
        id.encode(to: &writer)
        writer.raw(",\"result\":")
        value.encode(to: &writer)
        writer.raw("}")
    }

    static func error(_ id: RequestID, _ error: RPCError, requestID: String, to writer: inout JSONWriter) {
        writer.raw("{\"jsonrpc\":\"2.0\",\"id\":")
        id.encode(to: &writer)
        writer.raw(",\"error\":")
        error.encode(to: &writer, requestID: requestID)
        writer.raw("}")
    }

    /// The reply to a finished request, replaced by `response_too_large` where it exceeds the limit.
    static func text(
        _ id: RequestID, _ outcome: Result<any JSONEncodable, RPCError>, requestID: String, bytesMax: Int
    ) -> (text: JSONText, error: ErrorCode?) {
        var writer = JSONWriter()
        switch outcome {
        case .success(let value):
            result(id, value, to: &writer)
            guard writer.count > bytesMax else { return (writer.take(), nil) }
            writer.truncate(to: 0)
            let tooLarge = RPCError(
                .responseTooLarge, "The reply would exceed \(bytesMax) bytes; ask for less.", .init(limit: "outputQueueBytes"))
            error(id, tooLarge, requestID: requestID, to: &writer)
            return (writer.take(), .responseTooLarge)
        case .failure(let failure):
            error(id, failure, requestID: requestID, to: &writer)
            return (writer.take(), failure.code)
        }
    }
}
