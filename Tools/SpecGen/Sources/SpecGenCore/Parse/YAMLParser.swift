import Yams

/// Parses one YAML file into ``SpecNode``s.
///
/// Plain scalars follow the YAML 1.2 core schema, not 1.1: `no` and `on` are strings, only `true` and `false` are booleans.
struct YAMLParser {
    var file: String
    var diagnostics: Diagnostics

    /// The file's one document, or nil after a diagnostic.
    func parse(_ text: String) -> SpecNode? {
        do {
            guard let node = try Yams.compose(yaml: text) else {
                diagnostics.error(SourceLocation(file: file), "the file is empty")
                return nil
            }
            return convert(node)
        } catch let error as YamlError {
            report(error)
        } catch {
            diagnostics.error(SourceLocation(file: file), "cannot be read as YAML: \(error)")
        }
        return nil
    }

    private func report(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            diagnostics.error(location(mark), "is not YAML: \(problem)")
        case .duplicatedKeysInMapping(let names, let context):
            let list = names.sorted().map { "`\($0)`" }.joined(separator: ", ")
            diagnostics.error(location(context.mark), "duplicate member \(list)")
        default:
            diagnostics.error(SourceLocation(file: file), "cannot be read as YAML: \(error)")
        }
    }

    private func location(_ mark: Mark?) -> SourceLocation {
        SourceLocation(file: file, line: max(mark?.line ?? 1, 1), column: max(mark?.column ?? 1, 1))
    }

    private func convert(_ node: Node) -> SpecNode {
        let place = location(node.mark)
        switch node {
        case .scalar(let scalar): return SpecNode(value: resolve(scalar), location: place)
        case .sequence(let sequence): return SpecNode(value: .sequence(sequence.map(convert)), location: place)
        case .mapping(let mapping):
            var pairs: [(key: SpecKey, value: SpecNode)] = []
            for (key, value) in mapping {
                guard let name = key.scalar?.string else {
                    diagnostics.error(location(key.mark), "a member name must be a string")
                    continue
                }
                pairs.append((SpecKey(name: name, location: location(key.mark)), convert(value)))
            }
            return SpecNode(value: .mapping(pairs), location: place)
        case .alias:
            diagnostics.error(place, "aliases are not part of the spec format")
            return SpecNode(value: .null, location: place)
        }
    }

    private func resolve(_ scalar: Node.Scalar) -> SpecNode.Value {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        switch scalar.string {
        case "", "~", "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default:
            if let value = Int64(scalar.string), String(value) == scalar.string { return .integer(value) }
            if Self.isNumber(scalar.string) { return .number(scalar.string) }
            return .string(scalar.string)
        }
    }

    /// Whether `text` is a JSON number with a fraction or an exponent.
    private static func isNumber(_ text: String) -> Bool {
        text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil
    }
}
