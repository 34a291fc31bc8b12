import Configuration
import Foundation
import Protocol
import Yams

/// Why the configuration cannot be used: names the setting, the source and what to write instead.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// The effective settings: flags over environment over file over defaults.
struct Settings {
    struct Value {
        let setting: Setting
        let text: String
        /// Where the value came from, in words.
        let origin: String
    }

    let values: [Value]

    subscript(_ name: String) -> Value {
        guard let value = values.first(where: { $0.setting.name == name }) else { preconditionFailure("no setting \(name)") }
        return value
    }

    /// Variables of ours that are no settings: the shell client's and the tests'.
    private static let otherVariables: Set<String> = [
        "DBASSIST_CONFIG", "DBASSIST_PASSWORD_FILE", "DBASSIST_SHARED", "DBASSIST_TOKEN_FILE",
    ]

    static func load(_ options: SettingOptions) throws(ConfigurationError) -> Settings {
        let environment = ProcessInfo.processInfo.environment
        try refuseUnknown(environment)
        var sources: [(origin: (Setting) -> String, reader: ConfigReader)] = []
        let flags = InMemoryProvider(
            values: Dictionary(
                uniqueKeysWithValues: options.given.map {
                    (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false))
                }))
        sources.append(({ _ in "command line" }, ConfigReader(provider: flags)))
        let named = Dictionary(
            uniqueKeysWithValues: Setting.all.compactMap { setting in
                environment[setting.environmentName].map {
                    (AbsoluteConfigKey(setting.path), ConfigValue(.string($0), isSecret: false))
                }
            })
        sources.append(({ $0.environmentName }, ConfigReader(provider: InMemoryProvider(values: named))))
        if let file = try file(options, environment) {
            sources.append(({ _ in file.path }, ConfigReader(provider: InMemoryProvider(values: file.values))))
        }
        var values: [Value] = []
        for setting in Setting.all { values.append(try value(of: setting, sources)) }
        return Settings(values: values)
    }

    private static func value(
        of setting: Setting, _ sources: [(origin: (Setting) -> String, reader: ConfigReader)]
    ) throws(ConfigurationError) -> Value {
        for source in sources {
            guard let text = source.reader.string(forKey: ConfigKey(setting.path)) else { continue }
            let origin = source.origin(setting)
            if let problem = problem(text, setting.kind) {
                throw ConfigurationError("\(setting.name) (\(origin)) is \"\(text)\": \(problem).")
            }
            return Value(setting: setting, text: text, origin: origin)
        }
        return Value(setting: setting, text: setting.defaultText, origin: "default")
    }

    private static func problem(_ text: String, _ kind: Setting.Kind) -> String? {
        switch kind {
        case .text, .list: return nil
        case .bool: return ["true", "false"].contains(text) ? nil : "it must be true or false"
        case .integer(let min):
            guard let number = Int(text), number >= min else { return "it must be a whole number of at least \(min)" }
            return nil
        case .choice(let choices): return choices.contains(text) ? nil : "it must be one of \(choices.joined(separator: ", "))"
        }
    }

    private static func refuseUnknown(_ environment: [String: String]) throws(ConfigurationError) {
        let known = Set(Setting.all.map(\.environmentName)).union(otherVariables)
        for name in environment.keys.sorted() where name.hasPrefix("DBASSIST_") && !name.hasPrefix("DBASSIST_TEST_") {
            guard !known.contains(name) else { continue }
            throw ConfigurationError("\(name) is not a setting\(nearest(name, known)); unset it, or see: dbassistd config.")
        }
    }

    // MARK: The file

    private static func file(
        _ options: SettingOptions, _ environment: [String: String]
    ) throws(ConfigurationError) -> (path: String, values: [AbsoluteConfigKey: ConfigValue])? {
        let named = options.config ?? environment["DBASSIST_CONFIG"]
        let home = environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map { $0 + "/.config" }
        guard let path = named ?? home.map({ $0 + "/dbassist/config.yaml" }) else { return nil }
        guard FileManager.default.fileExists(atPath: path) else {
            guard named == nil else { throw ConfigurationError("The configuration file \(path) does not exist.") }
            return nil
        }
        let tree: Any?
        do {
            tree = try Yams.load(yaml: String(contentsOfFile: path, encoding: .utf8))
        } catch {
            throw ConfigurationError("\(path) is not YAML that can be read: \(error)")
        }
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        if let tree { try flatten(tree, [], path, &values) }
        return (path, values)
    }

    private static func flatten(
        _ tree: Any, _ prefix: [String], _ path: String, _ values: inout [AbsoluteConfigKey: ConfigValue]
    ) throws(ConfigurationError) {
        let name = prefix.joined(separator: ".")
        if let members = tree as? [String: Any] {
            for (key, value) in members { try flatten(value, prefix + [key], path, &values) }
            return
        }
        guard Setting.all.contains(where: { $0.name == name }) else {
            throw ConfigurationError(
                "\(path): \(name.isEmpty ? "the file" : name) is not a setting\(nearest(name, Set(Setting.all.map(\.name)))).")
        }
        let text =
            switch tree {
            case let list as [Any]: list.map { "\($0)" }.joined(separator: ",")
            default: "\(tree)"
            }
        values[AbsoluteConfigKey(prefix)] = ConfigValue(.string(text), isSecret: false)
    }

    /// ` (did you mean X?)` where a known name is near.
    private static func nearest(_ name: String, _ known: Set<String>) -> String {
        let ranked = known.map { (EditDistance.between(name.lowercased(), $0.lowercased()), $0) }.sorted { $0 < $1 }
        guard let best = ranked.first, best.0 <= max(2, name.count / 3) else { return "" }
        return " (did you mean \(best.1)?)"
    }
}
