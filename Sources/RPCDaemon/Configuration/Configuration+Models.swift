import Logging
import Models
import Synchronization

extension Configuration {
    /// The models' clients. The key of the environment is that of the `model…` settings' model and stands over its file.
    func catalogue(logger: Logger) -> ModelCatalogue {
        let keys = Main.modelKey.withLock { key in key.map { [ModelSetting.defaultName: $0] } ?? [:] }
        return ModelCatalogue(
            models, defaultName: defaultModel, keys: models.contains { !$0.isNamed } ? keys : [:], logger: logger)
    }

    /// The models that are set: that of the `model…` settings first, then those of the file.
    static func models(_ settings: Settings) throws(ConfigurationError) -> [ModelSettings] {
        var models: [ModelSettings] = []
        if !settings["modelUrl"].text.isEmpty {
            models.append(try model(ModelSetting.defaultName, isNamed: false, settings))
        } else if settings.modelNames.isEmpty {
            for name in ["model", "modelKeyFile"] where !settings[name].text.isEmpty {
                throw ConfigurationError(
                    "\(name) (\(settings[name].origin)) is set and modelUrl is not: set modelUrl to the endpoint, up to /v1.")
            }
        }
        for name in settings.modelNames {
            guard name != ModelSetting.defaultName || models.isEmpty else {
                throw ConfigurationError("models.default and modelUrl are both set: give that model another name.")
            }
            models.append(try model(name, isNamed: true, settings))
        }
        return models
    }

    /// - Returns: nil where there is no model.
    static func defaultModel(_ settings: Settings, _ models: [ModelSettings]) throws(ConfigurationError) -> String? {
        let wanted = settings["modelDefault"]
        guard !wanted.text.isEmpty else { return models.first?.name }
        let names = models.map(\.name)
        guard names.contains(wanted.text) else {
            let choice = names.isEmpty ? "there is no model" : "it must be one of \(names.joined(separator: ", "))"
            throw ConfigurationError("modelDefault (\(wanted.origin)) is \"\(wanted.text)\": \(choice).")
        }
        return wanted.text
    }

    private static func model(_ name: String, isNamed: Bool, _ settings: Settings) throws(ConfigurationError) -> ModelSettings {
        var model = ModelSettings(name: name, url: "", model: "", isNamed: isNamed)
        /// What is set, here or for all models; the address, the name and the key are never another model's.
        func value(_ member: ModelSettings.Member) -> Settings.Value {
            let isOwn = [.url, .model, .keyFile].contains(member)
            if isNamed, let value = settings.named(model.setting(member)) { return value }
            let common = settings[member.topLevelSetting]
            return isNamed && isOwn ? Settings.Value(setting: common.setting, text: "", origin: Settings.Value.byDefault) : common
        }
        func number(_ member: ModelSettings.Member) -> Int? { Int(value(member).text) }
        model.url = try url(value(.url), model.setting(.url))
        model.model = value(.model).text
        guard !model.model.isEmpty else {
            throw ConfigurationError(
                "\(model.setting(.url)) is set and \(model.setting(.model)) is not: set it to what the server calls the model.")
        }
        model.keyFile = try path(value(.keyFile), model.setting(.keyFile))
        model.tlsCAFile = try path(value(.tlsCaFile), model.setting(.tlsCaFile))
        model.proxy = try proxy(value(.proxy), model.setting(.proxy))
        model.toolStyle = ToolStyle(rawValue: value(.toolStyle).text) ?? model.toolStyle
        model.temperature = Double(value(.temperature).text)
        model.contextTokens = number(.contextTokens) ?? model.contextTokens
        model.maxReplyTokens = number(.maxReplyTokens) ?? model.maxReplyTokens
        model.connectTimeoutMs = number(.connectTimeoutMs) ?? model.connectTimeoutMs
        model.firstByteTimeoutMs = number(.firstByteTimeoutMs) ?? model.firstByteTimeoutMs
        model.idleTimeoutMs = number(.idleTimeoutMs) ?? model.idleTimeoutMs
        model.totalTimeoutMs = number(.totalTimeoutMs) ?? model.totalTimeoutMs
        model.retries = number(.retries) ?? model.retries
        guard model.maxReplyTokens < model.contextTokens else {
            throw ConfigurationError(
                "\(model.setting(.maxReplyTokens)) is \(model.maxReplyTokens): it must be less than \(model.setting(.contextTokens)), which is \(model.contextTokens)."
            )
        }
        return model
    }

    private static func url(_ value: Settings.Value, _ name: String) throws(ConfigurationError) -> String {
        guard !value.text.isEmpty else { throw ConfigurationError("\(name) is missing: set it to the endpoint, up to /v1.") }
        do throws(ModelURL.Problem) { _ = try ModelURL(value.text) } catch {
            // Not its text: who writes a key into it has it shown in no log.
            throw ConfigurationError("\(name) (\(value.origin)) \(error.reason).")
        }
        return value.text
    }

    private static func proxy(_ value: Settings.Value, _ name: String) throws(ConfigurationError) -> ModelProxy? {
        guard !value.text.isEmpty else { return nil }
        do throws(ModelURL.Problem) { return try ModelProxy(value.text) } catch {
            // Not its text: there may be a password in it.
            throw ConfigurationError("\(name) (\(value.origin)) \(error.reason).")
        }
    }

    private static func path(_ value: Settings.Value, _ name: String) throws(ConfigurationError) -> String? {
        value.text.isEmpty ? nil : try absolute(value.text, name)
    }
}
