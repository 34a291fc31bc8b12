import ArgumentParser
import Protocol

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Print the effective configuration and where each value came from.")

    @OptionGroup var options: SettingOptions

    func run() throws {
        let settings = try Settings.load(options.overrides)
        let width = settings.values.map(\.setting.name.count).max() ?? 0
        for value in settings.values {
            let name = value.setting.name.padded(to: width)
            print("\(name)  \(value.text.isEmpty ? "-" : value.text)  (\(value.origin))")
        }
        _ = try Configuration(settings)
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
