import CYAML
import Glibc

/// The settings a YAML file gives. libyaml reads it: a parser that brings no more with it, since every start of the daemon would
/// pay for that.
struct ConfigurationFile {
    let path: String
    /// By the setting's name.
    private(set) var values: [String: String] = [:]
    /// The names under `models`, in their order.
    private(set) var modelNames: [String] = []

    private static let bytesMax = 1 << 20

    /// - Returns: nil where there is no such file.
    init?(path: String) throws(ConfigurationError) {
        self.path = path
        guard let bytes = try Self.read(path) else { return nil }
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else { throw ConfigurationError("\(path): out of memory.") }
        defer { yaml_parser_delete(&parser) }
        // The parser keeps the pointer: what it points to must stay in its place until the document is read.
        let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count + 1)
        defer { input.deallocate() }
        _ = input.initialize(from: bytes)
        yaml_parser_set_input_string(&parser, input.baseAddress, bytes.count)
        var document = yaml_document_t()
        guard yaml_parser_load(&parser, &document) == 1 else {
            let problem = parser.problem.map { String(cString: $0) } ?? "it cannot be read"
            let line = max(parser.problem_mark.line, parser.context_mark.line) + 1
            throw ConfigurationError("\(path) is not YAML that can be read: \(problem) (line \(line)).")
        }
        defer { yaml_document_delete(&document) }
        guard let root = yaml_document_get_root_node(&document) else { return }
        try add(root, named: [], &document)
    }

    private static func read(_ path: String) throws(ConfigurationError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw unreadable(path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count <= bytesMax {
            var got = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, count in
                got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                count = max(got, 0)
            }
            guard got >= 0 else { throw unreadable(path) }
            if got == 0 { return bytes }
            bytes += chunk
        }
        throw ConfigurationError("\(path) is larger than \(bytesMax) bytes: that is no configuration.")
    }

    private static func unreadable(_ path: String) -> ConfigurationError {
        ConfigurationError("\(path) cannot be read: \(String(cString: strerror(errno))).")
    }

    private mutating func add(
        _ node: UnsafeMutablePointer<yaml_node_t>, named name: [String], _ document: inout yaml_document_t
    ) throws(ConfigurationError) {
        // Settings have two parts at most, those of models three; an alias that holds itself would have no end.
        guard name.count <= (name.first == "models" ? 3 : 2) else { throw unknown(name) }
        switch node.pointee.type {
        case YAML_MAPPING_NODE:
            let pairs = node.pointee.data.mapping.pairs
            var pair = pairs.start
            while let current = pair, current < pairs.top {
                guard let key = yaml_document_get_node(&document, current.pointee.key), let part = Self.text(of: key),
                    let value = yaml_document_get_node(&document, current.pointee.value)
                else { throw ConfigurationError("\(path): the name of a setting must be text (line \(line(of: node))).") }
                try add(value, named: name + [part], &document)
                pair = current + 1
            }
        case YAML_SEQUENCE_NODE:
            var texts: [String] = []
            let items = node.pointee.data.sequence.items
            var item = items.start
            while let current = item, current < items.top {
                guard let text = yaml_document_get_node(&document, current.pointee).flatMap(Self.text) else {
                    throw ConfigurationError("\(path): a list holds words and numbers only (line \(line(of: node))).")
                }
                texts.append(text)
                item = current + 1
            }
            try set(name, texts.joined(separator: ","), node)
        default:
            // `logLevel:` with nothing behind it leaves the default.
            if let text = Self.text(of: node), !Self.isNull(text, node) || name.isEmpty { try set(name, text, node) }
        }
    }

    private mutating func set(
        _ name: [String], _ text: String, _ node: UnsafeMutablePointer<yaml_node_t>
    ) throws(ConfigurationError) {
        guard Setting.all.contains(where: { $0.path == name }) || ModelSetting.isNamed(name) else { throw unknown(name) }
        if ModelSetting.isNamed(name) { try note(model: name[1], node) }
        let joined = name.joined(separator: ".")
        guard values.updateValue(text, forKey: joined) == nil else {
            throw ConfigurationError("\(path): \(joined) is set twice (line \(line(of: node))).")
        }
    }

    private mutating func note(model name: String, _ node: UnsafeMutablePointer<yaml_node_t>) throws(ConfigurationError) {
        guard !modelNames.contains(name) else { return }
        guard ModelSetting.isName(name) else {
            throw ConfigurationError(
                "\(path): a model's name has 1 to 64 letters, digits, dashes and underscores (line \(line(of: node))).")
        }
        guard modelNames.count < ModelSetting.modelsMax else {
            throw ConfigurationError("\(path): there may be \(ModelSetting.modelsMax) models at most (line \(line(of: node))).")
        }
        modelNames.append(name)
    }

    private func unknown(_ parts: [String]) -> ConfigurationError {
        let name = parts.joined(separator: ".")
        let known = parts.count == 3 && parts[0] == "models" ? ModelSetting.named(parts[1]) : Setting.all
        let nearest = Setting.nearest(name, known.map(\.name))
        return ConfigurationError("\(path): \(name.isEmpty ? "the file" : name) is not a setting\(nearest).")
    }

    private func line(of node: UnsafeMutablePointer<yaml_node_t>) -> Int { node.pointee.start_mark.line + 1 }

    private static func text(of node: UnsafeMutablePointer<yaml_node_t>) -> String? {
        guard node.pointee.type == YAML_SCALAR_NODE else { return nil }
        let scalar = node.pointee.data.scalar
        return String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
    }

    private static func isNull(_ text: String, _ node: UnsafeMutablePointer<yaml_node_t>) -> Bool {
        node.pointee.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && ["", "~", "null"].contains(text)
    }
}
