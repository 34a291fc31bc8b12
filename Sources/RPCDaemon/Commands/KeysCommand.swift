import ArgumentParser
import Security

/// Rotation of keys by an operator; a daemon that runs follows by itself.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "List, rotate and retire the keys that sign tokens and seal secrets.",
        discussion: """
            A daemon may go on meanwhile: it takes over the changed keyring within seconds, or at once on SIGHUP, and no session ends. \
            What older keys have signed or sealed stays valid until they are retired.
            """,
        subcommands: [ListCommand.self, RotateCommand.self, ResealCommand.self, RetireCommand.self])

    struct ListCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Print every key, its state, and what still depends on it.",
            discussion: """
                The state is active (signs or seals), old (what it signed or sealed is still accepted), staged (known, but not used yet) or \
                retired; unknown keys have sealed something and are not in this keyring. RECORDS is how many sealed records of the store are under a key, TOKENS until when a token that it signed may be \
                valid. Counting takes a while where there is much history.
                """)

        @OptionGroup var options: SettingOptions

        func run() async throws { try KeyManagement(options).list() }
    }

    struct RotateCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate", abstract: "Put new keys to use: one that signs, one that seals, or both.",
            discussion: """
                Where the store is in PostgreSQL, other daemons may use it, each with its own copy of the keyring. There the first call only \
                stages new keys. Copy the keyring to the other daemons, and call it again: then the staged keys are put to use.
                """)

        @Argument(help: "signing or sealing; both if left out.") var kind: KeyKindArgument?
        @Flag(help: "Only stage new keys, for the next call to put them to use.") var stage = false
        @Flag(help: "Put new keys to use at once, staged or not: no other daemon uses the store.") var now = false
        @Flag(help: "Wait until everything in the store is sealed under the new key.") var wait = false
        @OptionGroup var options: SettingOptions

        func validate() throws {
            if stage, now { throw ValidationError("--stage and --now exclude each other.") }
            if stage, wait { throw ValidationError("Nothing is sealed under a key that is only staged; leave out --wait.") }
        }

        func run() async throws {
            let keys = try KeyManagement(options)
            let order: KeyManagement.Order = stage ? .stage : now ? .use : .whatIsSafe
            try keys.rotate(kind.map { [$0.kind] } ?? KeyKind.allCases, order)
            if wait { try await keys.reseal() }
        }
    }

    struct ResealCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reseal", abstract: "Seal anew what is under older keys, or wait until the daemon has done so.")

        @OptionGroup var options: SettingOptions

        func run() async throws { try await KeyManagement(options).reseal() }
    }

    struct RetireCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retire", abstract: "Take an old key out of use for good.",
            discussion: """
                Refused for a key that is in use, and for one that sealed records or valid tokens still need. Its bytes stay in the keyring.
                """)

        @Argument(help: ArgumentHelp("The key's id, as dbassistd keys list prints it.", valueName: "key")) var id: String
        @Flag(help: "Refuse the tokens it signed from now on, although they have not expired.") var force = false
        @OptionGroup var options: SettingOptions

        func run() async throws { try KeyManagement(options).retire(id, force: force) }
    }
}

/// ``KeyKind`` on the command line.
enum KeyKindArgument: String, ExpressibleByArgument, CaseIterable {
    case signing, sealing

    var kind: KeyKind { self == .signing ? .signing : .sealing }
}
