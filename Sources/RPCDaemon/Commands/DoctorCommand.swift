import ArgumentParser

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Test configuration, keyring, store, socket and the database client libraries.",
        discussion: "Exits with 1 if something is wrong. A daemon may go on meanwhile.")

    @OptionGroup var options: SettingOptions

    func run() throws {
        var diagnosis = Diagnosis { print($0.shown) }
        diagnosis.run(options.overrides)
        if diagnosis.hasFailed { throw ExitCode.failure }
    }
}
