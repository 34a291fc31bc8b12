/// The protocol of a namespace: a method without a handler does not compile.
enum APIRenderer {
    static func render(_ api: SwiftAPI, _ code: inout CodeWriter) {
        code.doc("What answers the methods of `\(api.namespace)`.")
        code.block("public protocol \(api.name): Sendable") { code in
            code.doc("What a handler learns of the connection, its session and the request.")
            code.line("associatedtype Context: Sendable")
            for call in api.calls {
                code.line()
                function(call, &code)
            }
        }
    }

    private static func function(_ call: SwiftCall, _ code: inout CodeWriter) {
        let method = call.method
        var doc = "`\(method.name)`: \(method.summary)\n\n\(method.description)"
        if !method.errors.isEmpty { doc += "\n\nErrors: \(method.errors.map { "`\($0)`" }.joined(separator: ", "))." }
        code.doc(doc)
        let params = call.params.map { "_ params: \($0), " } ?? ""
        let effects = call.isInline ? "throws" : "async throws"
        let result = call.result.map { " -> \($0)" } ?? ""
        code.line("func \(call.function)(\(params)_ context: Context) \(effects)\(result)")
    }
}

/// `DaemonAPI`: one handler a namespace, and the switch from calls to them.
enum DaemonAPIRenderer {
    static func render(_ apis: [SwiftAPI], _ calls: [SwiftCall], _ code: inout CodeWriter) {
        code.doc("Answers every method: one handler for each namespace.")
        code.block("public protocol DaemonAPI: Sendable") { code in
            code.doc("What a handler learns of the connection, its session and the request.")
            code.line("associatedtype Context: Sendable")
            for api in apis {
                code.line("associatedtype \(api.handlers): \(api.name) where \(api.handlers).Context == Context")
            }
            code.line()
            for api in apis { code.line("var \(api.property): \(api.handlers) { get }") }
        }
        code.line()
        code.block("extension DaemonAPI") { code in
            answerInline(calls.filter(\.isInline), &code)
            code.line()
            answer(calls, &code)
        }
    }

    private static func answerInline(_ calls: [SwiftCall], _ code: inout CodeWriter) {
        code.doc("Answers an inline call at once; nil if the call is not inline. A notification's answer is not to be sent.")
        code.block("public func answerInline(_ call: Call, _ context: Context) throws -> (any JSONEncodable)?") { code in
            if calls.isEmpty { return code.line("nil") }
            code.line("switch call {")
            for call in calls { branch(call, &code) }
            code.line("default: return nil")
            code.line("}")
        }
    }

    private static func answer(_ calls: [SwiftCall], _ code: inout CodeWriter) {
        code.doc("Answers any call. A notification's answer is not to be sent.")
        code.block("public func answer(_ call: Call, _ context: Context) async throws -> any JSONEncodable") { code in
            code.line("switch call {")
            for call in calls { branch(call, &code) }
            code.line("}")
        }
    }

    private static func branch(_ call: SwiftCall, _ code: inout CodeWriter) {
        let pattern = call.params == nil ? ".\(call.caseName)" : ".\(call.caseName)(let params)"
        let handler = SwiftName.escaped(call.method.namespace)
        let arguments = call.params == nil ? "context" : "params, context"
        let invocation = "\(call.isInline ? "try" : "try await") \(handler).\(call.function)(\(arguments))"
        if call.result != nil { return code.line("case \(pattern): return \(invocation)") }
        code.line("case \(pattern):")
        code.indented { code in
            code.line(invocation)
            code.line("return Empty()")
        }
    }
}
