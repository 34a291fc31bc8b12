import ArgumentParser
import Glibc
import Security
import Store

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy store and keyring to a new directory.",
        discussion: """
            The daemon may go on meanwhile: what is copied is how the store stood at one moment. Whatever holds the store, the copy is \
            a file. The keyring is a secret: keep the directory as you would a key.
            """)

    @Argument(help: "The directory to make.") var directory: String
    @OptionGroup var options: SettingOptions

    func run() async throws {
        let configuration = try Configuration(Settings.load(options.overrides))
        _ = try Keyring.load(path: configuration.keyringPath)
        let directory = try Configuration.absolute(directory, "The directory")
        guard mkdir(directory, 0o700) == 0 else {
            let code = errno
            let reason = String(cString: strerror(code))
            let hint = code == ENOENT ? "; make the directory it is to be in first" : ""
            throw Failure("Cannot make the directory \(directory): \(reason)\(hint).", status: 1)
        }
        // The keyring last: where keys are rotated meanwhile, a later one still opens what the store had, but not the other way round.
        try await StoreTransfer.copy(from: configuration.store, to: .sqlite(path: directory + "/store.sqlite"))
        try Keyring.copy(from: configuration.keyringPath, to: directory + "/keyring")
        // Nobody else has opened what is in a directory that was just made.
        unlink(directory + "/store.sqlite.lock")
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Fill an empty store, and the keyring, from a backup.",
        discussion: """
            To be run before the daemon starts. Nothing that is there is overwritten: the configured store must be empty, and the \
            state directory without a keyring, or with the same one. Sessions that were ended after the backup are valid again.
            """)

    @Argument(help: "The directory that dbassistd backup made.") var directory: String
    @OptionGroup var options: SettingOptions

    func run() async throws {
        let configuration = try Configuration(Settings.load(options.overrides))
        let directory = try Configuration.absolute(directory, "The directory")
        guard access(directory + "/keyring", F_OK) == 0 else {
            throw Failure("\(directory) is no backup: there is no keyring in it.", status: 1)
        }
        let kept = try Keyring.load(path: directory + "/keyring")
        if access(configuration.keyringPath, F_OK) == 0 {
            let present = try Keyring.load(path: configuration.keyringPath)
            guard present.installation == kept.installation else {
                throw Failure(
                    "\(configuration.keyringPath) is another installation's keyring; move it away, or name another state directory.",
                    status: 1)
            }
            let lost = Set(Self.opening(kept)).subtracting(Self.opening(present))
            guard lost.isEmpty else {
                throw Failure(
                    "\(configuration.keyringPath) has retired the key \(lost.sorted()[0]) that the backup needs; move it away, and the "
                        + "backup's keyring is put there.", status: 1)
            }
        } else {
            try Keyring.copy(from: directory + "/keyring", to: configuration.keyringPath)
        }
        try await StoreTransfer.copy(from: .sqlite(path: directory + "/store.sqlite"), to: configuration.store)
    }

    /// The keys that open what is sealed.
    private static func opening(_ keyring: Keyring) -> [String] {
        keyring.keys.filter { $0.kind == .sealing && $0.state != .retired }.map(\.id)
    }
}
