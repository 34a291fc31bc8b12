import ArgumentParser
import Glibc
import Security

/// The command line.
struct Dbassistd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dbassistd",
        abstract: "A database assistant that runs as a daemon and speaks JSON-RPC 2.0.",
        discussion: """
            An editor starts it with --stdio, as it starts a language server. Tools and scripts share one that \
            serves a Unix socket: dbassistd serve. The shell client is dbassist.
            """,
        version: daemonVersion,
        subcommands: [
            ServeCommand.self, ConfigCommand.self, DoctorCommand.self, BackupCommand.self, RestoreCommand.self, StoreCommand.self,
            KeysCommand.self, SupportBundleCommand.self,
        ])

    @Flag(help: "Serve the process that starts it, over standard input and output.") var stdio = false
    @OptionGroup var options: SettingOptions

    /// As ArgumentParser does it, but with exit codes of our own.
    @MainActor static func main() async {
        do {
            // How editors start it, again and again, goes past the parser: reflection is a third of that start.
            if CommandLine.arguments.dropFirst() == ["--stdio"] {
                Glibc.exit(try await DaemonRun(SettingOverrides(), socket: false, stdio: true).run())
            }
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let failure as Failure {
            end(failure.description, failure.status)
        } catch let error as SecurityError {
            let hint = "The daemon's first start makes one; for another daemon's, name its place with --config or --state-dir."
            end(error.code == .keyringMissing ? "\(error.message) \(hint)" : error.message, 1)
        } catch let error as ConfigurationError {
            end(error.description, Failure.configuration)
        } catch {
            exit(withError: error)
        }
    }

    private static func end(_ message: String, _ status: Int32) -> Never {
        StandardError.write("Error: \(message)\n")
        Glibc.exit(status)
    }

    func run() async throws {
        guard stdio else { throw CleanExit.helpRequest(self) }
        throw ExitCode(try await DaemonRun(options.overrides, socket: false, stdio: true).run())
    }
}

/// The flags of `SettingOverrides`.
struct SettingOptions: ParsableArguments {
    @Option(help: "The configuration file.") var config: String?
    @Option(name: .customLong("state-dir"), help: "Where the store and the keyring are.") var stateDir: String?
    @Option(help: "The Unix socket.") var socket: String?
    @Option(help: "A second Unix socket, for collectors of metrics.") var metricsSocket: String?
    @Option(name: .customLong("log-level"), help: "trace, debug, info, notice, warning, error or critical.") var logLevel: String?

    var overrides: SettingOverrides {
        SettingOverrides(
            config: config, stateDir: stateDir, socket: socket, metricsSocket: metricsSocket, logLevel: logLevel)
    }
}
