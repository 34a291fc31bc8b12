extension JSONText {
    /// A JSON-RPC notification, whole; `capacity` is about how long it will be.
    public static func notification(_ method: String, _ params: some JSONEncodable, capacity: Int = 256) -> JSONText {
        var writer = JSONWriter(capacity: capacity)
        writer.raw("{\"jsonrpc\":\"2.0\",\"method\":")
        writer.string(method)
        writer.raw(",\"params\":")
        params.encode(to: &writer)
        writer.raw("}")
        return writer.take()
    }
}
