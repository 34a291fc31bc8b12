extension JSONText {
    /// A JSON-RPC notification, whole.
    public static func notification(_ method: String, _ params: some JSONEncodable) -> JSONText {
        var writer = JSONWriter(capacity: 256)
        writer.raw("{\"jsonrpc\":\"2.0\",\"method\":")
        writer.string(method)
        writer.raw(",\"params\":")
        params.encode(to: &writer)
        writer.raw("}")
        return writer.take()
    }
}
