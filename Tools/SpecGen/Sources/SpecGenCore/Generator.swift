/// A file SpecGen writes.
public struct OutputFile: Sendable, Equatable {
    /// Relative to the repository.
    public var path: String
    public var text: String
}

/// What is wrong with the spec, all of it.
public struct SpecError: Error, CustomStringConvertible {
    public var diagnostics: [Diagnostic]

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

/// The four stages in a row: parse, check, translate, render.
public enum Generator {
    /// The files made from `sources`. `existing` answers the text of a file that is partly written by hand.
    public static func generate(_ sources: SpecSources, existing: (String) -> String?) throws(SpecError) -> [OutputFile] {
        let diagnostics = Diagnostics()
        let parsed = SpecParser.parse(sources, diagnostics)
        let specification = SpecChecker.check(parsed, diagnostics)
        guard diagnostics.list.isEmpty else { throw SpecError(diagnostics: diagnostics.sorted) }

        let document = OpenRPCTranslator(specification: specification).document()
        let swift = SwiftTranslator(specification: specification, document: JSONRenderer.compact(document)).files()
        var files = swift.map { OutputFile(path: $0.path, text: SwiftRenderer.render($0)) }
        files.append(OutputFile(path: "spec/openrpc.json", text: JSONRenderer.pretty(document) + "\n"))
        files.append(ProtocolDocument(specification: specification).file(existing: existing(ProtocolDocument.path)))
        files.append(CompletionRenderer.file(specification))
        return files
    }
}
