import ArgumentParser
import Security
import Store

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Check a store, or copy it to another place.",
        discussion: """
            A store is named by the path of its file, a postgresql:// URI, env:NAME for what an environment variable holds (so that no \
            password is seen in the list of processes), or the word configured for the one the daemon would use.
            """, subcommands: [CopyCommand.self, CheckCommand.self])

    struct CopyCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "copy", abstract: "Copy everything in a store to a new one.",
            discussion: """
                A daemon may go on using the first meanwhile: what is copied is how it stood at one moment. The second must be empty. \
                The keyring is not copied: it stays where it is, or goes with dbassistd backup.
                """)

        @Argument(help: "The store to copy.") var from: StoreName
        @Argument(help: "Where to.") var to: StoreName
        @OptionGroup var options: SettingOptions

        func run() async throws {
            let from = try from.location(options)
            let to = try to.location(options)
            try await StoreTransfer.copy(from: from, to: to)
        }
    }

    struct CheckCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check", abstract: "Look for damage and for counts that do not add up.",
            discussion: "A daemon may go on using the store. Exits with 1 if something is wrong.")

        @Argument(help: "The store; the configured one if left out.") var store = StoreName(argument: "configured")
        @OptionGroup var options: SettingOptions

        func run() throws {
            let location = try store.location(options)
            guard try StoreTransfer.isSound(location) else { throw ExitCode.failure }
        }
    }
}

/// How a store is named on the command line.
struct StoreName: ExpressibleByArgument {
    private let text: String

    init(argument: String) { text = argument }

    var defaultValueDescription: String { text }

    func location(_ options: SettingOptions) throws(ConfigurationError) -> StoreLocation {
        guard text != "configured" else { return try Configuration(Settings.load(options.overrides)).store }
        guard text.hasPrefix("env:") else { return try Self.location(text) }
        let name = String(text.dropFirst(4))
        guard let value = Environment.variables[name], !value.isEmpty else {
            throw ConfigurationError("The environment variable \(name) is not set.")
        }
        return try Self.location(value)
    }

    private static func location(_ text: String) throws(ConfigurationError) -> StoreLocation {
        if let database = StoreLocation(uri: text) { return database }
        guard text.hasPrefix("/") else {
            throw ConfigurationError(
                "A store is named by an absolute path, a postgresql:// URI, env:NAME or the word configured.")
        }
        return .sqlite(path: text)
    }
}
