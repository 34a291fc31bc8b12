import Models
import Security

/// Why the configuration cannot be used: names the setting, the source and what to write instead.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// What the command line sets over the environment and the file.
struct SettingOverrides: Sendable {
    var config: String?
    var stateDir: String?
    var socket: String?
    var metricsSocket: String?
    var logLevel: String?

    /// What was given, by setting.
    var given: [String: String] {
        var given: [String: String] = [:]
        given["stateDir"] = stateDir
        given["socket"] = socket
        given["metricsSocket"] = metricsSocket
        given["logLevel"] = logLevel
        return given
    }
}

/// The effective settings: flags over environment over file over defaults.
struct Settings {
    struct Value {
        let setting: Setting
        let text: String
        /// Where the value came from, in words.
        let origin: String
        /// Whether nothing sets it.
        var isDefault: Bool { origin == Value.byDefault }

        static let byDefault = "default"

        /// The text as it may be printed and logged: of a proxy only where it is, not who logs in to it.
        var shown: String {
            guard setting.isProxy, !text.isEmpty else { return text }
            return (try? ModelProxy(text))?.description ?? Redactor.mark
        }
    }

    let values: [Value]
    /// What the file has under `models`, in its order.
    let modelNames: [String]
    /// The process's environment when they were read.
    let environment: [String: String]

    /// Where values come from, by setting; earlier sources stand over later ones.
    private struct Source {
        let values: [String: String]
        let origin: (Setting) -> String
    }

    /// What is set of a model in the file; nil where it says nothing.
    func named(_ name: String) -> Value? { values.first { $0.setting.name == name } }

    subscript(_ name: String) -> Value {
        guard let value = named(name) else { preconditionFailure("no setting \(name)") }
        return value
    }

    /// Variables of ours that are no settings: the shell client's and the tests'.
    private static let otherVariables: Set<String> = [
        "DBASSIST_CONFIG", "DBASSIST_MODEL_KEY", "DBASSIST_PASSWORD_FILE", "DBASSIST_SHARED", "DBASSIST_TOKEN_FILE",
    ]

    static func load(_ overrides: SettingOverrides) throws(ConfigurationError) -> Settings {
        let environment = Environment.variables
        var sources: [Source] = [
            Source(values: overrides.given) { _ in "command line" },
            Source(values: try named(environment)) { $0.environmentName },
        ]
        var modelNames: [String] = []
        if let file = try file(overrides, environment) {
            sources.append(Source(values: file.values) { _ in file.path })
            modelNames = file.modelNames
        }
        var values: [Value] = []
        for setting in Setting.all { values.append(try value(of: setting, sources)) }
        // Of the models in the file only what it says: what it does not say is as the settings of all models are.
        for setting in modelNames.flatMap(ModelSetting.named) where sources.contains(where: { $0.values[setting.name] != nil }) {
            values.append(try value(of: setting, sources))
        }
        return Settings(values: values, modelNames: modelNames, environment: environment)
    }

    private static func value(of setting: Setting, _ sources: [Source]) throws(ConfigurationError) -> Value {
        for source in sources {
            guard let text = source.values[setting.name] else { continue }
            let origin = source.origin(setting)
            if let problem = problem(text, setting.kind) {
                throw ConfigurationError("\(setting.name) (\(origin)) is \"\(text)\": \(problem).")
            }
            return Value(setting: setting, text: text, origin: origin)
        }
        return Value(setting: setting, text: setting.defaultText, origin: Value.byDefault)
    }

    private static func problem(_ text: String, _ kind: Setting.Kind) -> String? {
        switch kind {
        case .text, .list: return nil
        case .bool: return ["true", "false"].contains(text) ? nil : "it must be true or false"
        case .integer(let min):
            guard let number = Int(text), number >= min else { return "it must be a whole number of at least \(min)" }
            return nil
        case .number(let max):
            guard text.isEmpty || Double(text).map({ (0...max).contains($0) }) == true else {
                return "it must be a number from 0 to \(Int(max))"
            }
            return nil
        case .choice(let choices): return choices.contains(text) ? nil : "it must be one of \(choices.joined(separator: ", "))"
        }
    }

    /// The settings that the environment gives.
    private static func named(_ environment: [String: String]) throws(ConfigurationError) -> [String: String] {
        let ours = environment.filter { $0.key.hasPrefix("DBASSIST_") && !$0.key.hasPrefix("DBASSIST_TEST_") }
        guard !ours.isEmpty else { return [:] }
        let settings = Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.environmentName, $0) })
        var values: [String: String] = [:]
        for (name, text) in ours.sorted(by: { $0.key < $1.key }) {
            if let setting = settings[name] {
                values[setting.name] = text
            } else if !otherVariables.contains(name) {
                let nearest = Setting.nearest(name, settings.keys.sorted() + otherVariables.sorted())
                throw ConfigurationError("\(name) is not a setting\(nearest); unset it, or see: dbassistd config.")
            }
        }
        return values
    }

    /// The file that was named, or the one at the usual place if there is one.
    private static func file(
        _ overrides: SettingOverrides, _ environment: [String: String]
    ) throws(ConfigurationError) -> ConfigurationFile? {
        if let named = overrides.config ?? environment["DBASSIST_CONFIG"] {
            guard let file = try ConfigurationFile(path: named) else {
                throw ConfigurationError("The configuration file \(named) does not exist.")
            }
            return file
        }
        guard let home = environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map({ $0 + "/.config" }) else { return nil }
        return try ConfigurationFile(path: home + "/dbassist/config.yaml")
    }
}
