import ArgumentParser

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Print the effective configuration and where each value came from.")

    @OptionGroup var options: SettingOptions

    func run() throws {
        let settings = try Settings.load(options.overrides)
        let configuration = Result { try Configuration(settings) }
        // What is left out is somewhere all the same.
        let places = (try? configuration.get()).map { ["stateDir": $0.stateDirectory, "socket": $0.socketPath] }
        for line in settings.listing(places: places ?? [:]) { print(line) }
        _ = try configuration.get()
    }
}
