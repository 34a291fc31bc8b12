/// `Method`: the names of the methods and what the transport has to know of each.
struct MethodRenderer {
    let calls: [SwiftCall]

    func render(_ code: inout CodeWriter) {
        code.doc("A method clients can call, and what the transport has to know of it.")
        code.block("public enum Method: UInt8, Sendable, CaseIterable") { code in
            for call in calls { code.line("case \(call.caseName)") }
            code.line()
            kinds(&code)
        }
        code.line()
        code.block("extension Method") { code in
            lookup(&code)
            code.line()
            names(&code)
            code.line()
            property("access", "Access", "Who may call it.", &code) { $0.access.rawValue }
            code.line()
            property("ordering", "Ordering", "How it is ordered among the calls of its connection.", &code) {
                $0.ordering.rawValue
            }
            code.line()
            property("execution", "Execution", "Where it runs.", &code) { $0.execution.rawValue }
            code.line()
            property("kind", "Kind", "Whether it is answered.", &code) { $0.kind.rawValue }
        }
    }

    private func kinds(_ code: inout CodeWriter) {
        code.doc("Who may call a method: anyone, or only connections with a session.")
        code.line("public enum Access: Sendable { case `public`, session }")
        code.line()
        code.doc(
            """
            How a call is ordered among those of its connection: `read` and `write` run concurrently, `barrier` waits for all \
            before it and holds all after it.
            """)
        code.line("public enum Ordering: Sendable { case read, write, barrier }")
        code.line()
        code.doc("Where a call runs: in a task of its connection, or `inline` on the event loop, which it must not hold up.")
        code.line("public enum Execution: Sendable { case task, inline }")
        code.line()
        code.doc("Whether a call is answered.")
        code.line("public enum Kind: Sendable { case request, notification }")
    }

    private func lookup(_ code: inout CodeWriter) {
        code.doc("Finds a method by the bytes of its name, unescaped and without quotes; nil if there is none. No allocation.")
        code.block("public init?(name: UnsafeRawBufferPointer)") { code in
            code.line("switch name.count {")
            let groups = Dictionary(grouping: calls, by: \.method.name.utf8.count).sorted { $0.key < $1.key }
            for (count, group) in groups {
                code.line("case \(count):")
                code.indented { code in
                    var head = "if"
                    for call in group {
                        code.line("\(head) name.matches(\(SwiftLiteral.string(call.method.name))) {")
                        code.indented { $0.line("self = .\(call.caseName)") }
                        head = "} else if"
                    }
                    code.line("} else {")
                    code.indented { $0.line("return nil") }
                    code.line("}")
                }
            }
            code.line("default: return nil")
            code.line("}")
        }
    }

    private func names(_ code: inout CodeWriter) {
        code.doc("Its name on the wire.")
        code.block("public var name: String") { code in
            code.line("switch self {")
            for call in calls { code.line("case .\(call.caseName): \(SwiftLiteral.string(call.method.name))") }
            code.line("}")
        }
    }

    /// A property whose commonest value is the default of the switch.
    private func property(
        _ name: String, _ type: String, _ doc: String, _ code: inout CodeWriter, _ value: (Method) -> String
    ) {
        code.doc(doc)
        code.block("public var \(name): \(type)") { code in
            let groups = Dictionary(grouping: calls) { value($0.method) }.sorted {
                ($0.value.count, $0.key) < ($1.value.count, $1.key)
            }
            if groups.count == 1, let only = groups.first { return code.line(".\(only.key)") }
            code.line("switch self {")
            for (word, group) in groups {
                code.cases(group.map { ".\($0.caseName)" }, ".\(word)")
            }
            code.line("}")
        }
    }
}

/// `Call`: a method with its params.
enum CallRenderer {
    static func render(_ calls: [SwiftCall], _ code: inout CodeWriter) {
        code.doc("A call with its params, decoded.")
        code.block("public enum Call: Sendable, Equatable") { code in
            for call in calls { code.line("case \(call.caseName)\(call.params.map { "(\($0))" } ?? "")") }
            code.line()
            code.doc("The method called.")
            code.block("public var method: Method") { code in
                code.line("switch self {")
                for call in calls { code.line("case .\(call.caseName): .\(call.caseName)") }
                code.line("}")
            }
            code.line()
            decode(calls, &code)
        }
    }

    private static func decode(_ calls: [SwiftCall], _ code: inout CodeWriter) {
        code.doc(
            """
            Decodes a call. `params` is the value of the params member, which the scanner has checked; nil when it is absent, \
            which means `{}`. Throws ``JSONMismatch`` with offsets into `params`.
            """)
        code.line("public static func decode(_ method: Method, params: UnsafeRawBufferPointer?) throws(JSONMismatch) -> Call {")
        code.indented { code in
            code.line("var reader = JSONReader(params ?? NoParams.emptyObject)")
            code.line("switch method {")
            for call in calls {
                if let params = call.params {
                    code.line("case .\(call.caseName): return .\(call.caseName)(try \(params)(from: &reader))")
                } else if call.method.unknownMembers == .ignore {
                    code.line("case .\(call.caseName): return .\(call.caseName)")
                } else {
                    code.line("case .\(call.caseName):")
                    code.indented { code in
                        code.line("try NoParams.read(&reader)")
                        code.line("return .\(call.caseName)")
                    }
                }
            }
            code.line("}")
        }
        code.line("}")
    }
}
