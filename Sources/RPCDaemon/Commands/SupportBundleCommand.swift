import ArgumentParser
import Glibc
import Security

struct SupportBundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "support-bundle", abstract: "Write what somebody who helps needs to know to a file, without secrets.",
        discussion: """
            One text: versions, the machine, the configuration, what dbassistd doctor says, how much is in the store, the keys' states, how \
            the daemon does, and the end of its log where that is given. Passwords, keys, tokens and e-mail addresses are taken out, and \
            neither statements nor rows are in it. Names of files and hosts are: read it before you send it.

            The log of a service: journalctl -u dbassistd.service -o cat | dbassistd support-bundle --log -
            """)

    @Argument(help: "The file to make, or - for standard output; dbassistd-support-<time>.txt if left out.") var file: String?
    @Option(help: "The daemon's log, whose end is put in; - for standard input.") var log: String?
    @OptionGroup var options: SettingOptions

    func run() throws {
        let text = SupportBundle(options.overrides, log: try log.map(LogTail.init)).text
        if file == "-" { return print(text, terminator: "") }
        let stamp = Timestamp.format(Timestamp.now()).prefix { $0 != "." }.filter { $0.isNumber }
        let path = file ?? "dbassistd-support-\(stamp).txt"
        try Self.write(text, to: path)
        print("wrote \(path); read it before you send it")
    }

    /// Makes a file that only its owner can read; one that is there already is left alone.
    private static func write(_ text: String, to path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        guard Array(text.utf8).withUnsafeBytes({ writeAll($0, to: descriptor) }) else { throw failure(path) }
    }

    private static func failure(_ path: String) -> Failure {
        Failure("Cannot write \(path): \(String(cString: strerror(errno))).", status: 1)
    }
}
