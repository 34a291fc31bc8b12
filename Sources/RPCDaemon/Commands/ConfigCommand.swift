import ArgumentParser

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Print the effective configuration and where each value came from.")

    @OptionGroup var options: SettingOptions

    func run() throws {
        let settings = try Settings.load(options.overrides)
        for line in settings.listing() { print(line) }
        _ = try Configuration(settings)
    }
}
