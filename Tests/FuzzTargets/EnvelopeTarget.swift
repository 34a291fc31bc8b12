import Protocol

/// Messages, and the parameters of every method.
enum EnvelopeTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard (try? JSONScanner.check(bytes)) != nil else { return }
        var reader = JSONReader(bytes)
        if case .request(let envelope) = Envelope.parse(&reader) {
            let named = envelope.withMethod { Method(name: $0) }
            for method in named.map({ [$0] }) ?? Method.allCases { decode(method, envelope.params) }
        }
        // The same bytes as parameters.
        if (JSONReader(bytes).kind == .object) { for method in Method.allCases { decode(method, bytes) } }
    }

    private static func decode(_ method: Method, _ params: UnsafeRawBufferPointer?) {
        do throws(JSONMismatch) { _ = try Call.decode(method, params: params) } catch {
            precondition(!error.reason.isEmpty)
        }
    }
}
