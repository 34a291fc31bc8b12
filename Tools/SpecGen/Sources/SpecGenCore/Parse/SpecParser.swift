/// The parsed files, each under the role its path gives it.
struct ParsedSpec {
    var types: SpecNode?
    var errors: SpecNode?
    var limits: SpecNode?
    var info: SpecNode?
    /// By method name, in the order of the names.
    var methods: [(name: String, node: SpecNode)] = []
}

/// First stage: text to YAML nodes. A file that has no role in the format is refused: it would be read by nobody.
enum SpecParser {
    static let methodsFolder = "spec/methods/"

    static func parse(_ sources: SpecSources, _ diagnostics: Diagnostics) -> ParsedSpec {
        var spec = ParsedSpec()
        for (path, text) in sources.files.sorted(by: { $0.key < $1.key }) {
            func parse() -> SpecNode? { YAMLParser(file: path, diagnostics: diagnostics).parse(text) }
            switch path {
            case "spec/types.yaml": spec.types = parse()
            case "spec/errors.yaml": spec.errors = parse()
            case "spec/limits.yaml": spec.limits = parse()
            case "spec/info.yaml": spec.info = parse()
            case _ where path.hasPrefix(methodsFolder) && path.hasSuffix(".yaml"):
                let name = String(path.dropFirst(methodsFolder.count).dropLast(".yaml".count))
                if let node = parse() { spec.methods.append((name, node)) }
            default:
                diagnostics.error(
                    SourceLocation(file: path),
                    "is not a file of the spec: it has types.yaml, errors.yaml, limits.yaml, info.yaml and methods/<name>.yaml")
            }
        }
        for name in ["types", "errors", "limits", "info"] where sources.files["spec/\(name).yaml"] == nil {
            diagnostics.error(SourceLocation(file: "spec/\(name).yaml"), "the file is missing")
        }
        return spec
    }
}
