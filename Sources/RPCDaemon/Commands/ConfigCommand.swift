import ArgumentParser
import Protocol
import Security
import Synchronization

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Print the effective configuration and where each value came from.")

    @OptionGroup var options: SettingOptions

    func run() throws {
        let settings = try Settings.load(options.overrides)
        let redactor = Redactor()
        let width = settings.values.map(\.setting.name.count).max() ?? 0
        for value in settings.values {
            let name = value.setting.name.padded(to: width)
            // A URL may have a password in it, whether it should or not.
            print("\(name)  \(value.text.isEmpty ? "-" : redactor.redact(value.shown))  (\(value.origin))")
        }
        if Main.modelKey.withLock({ $0 != nil }) {
            print("\("modelKey".padded(to: width))  \(Redactor.mark)  (DBASSIST_MODEL_KEY)")
        }
        _ = try Configuration(settings)
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
