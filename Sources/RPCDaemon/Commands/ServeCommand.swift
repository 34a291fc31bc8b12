import ArgumentParser

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve tools and scripts over a Unix socket.",
        discussion: "Stops on SIGTERM and SIGINT once what is in flight is answered; reads its configuration again on SIGHUP.")

    @Flag(help: "Serve standard input and output as well.") var stdio = false
    /// The parser gives a flag that both have to this one.
    @ParentCommand private var root: Dbassistd
    @OptionGroup var options: SettingOptions

    func run() async throws {
        throw ExitCode(try await DaemonRun(options.overrides, socket: true, stdio: stdio || root.stdio).run())
    }
}
