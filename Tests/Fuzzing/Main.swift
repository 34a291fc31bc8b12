import CLibFuzzer
import FuzzTargets
import Glibc

/// Read by a C callback, which can capture nothing.
private let chosen = FuzzTarget(rawValue: CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : "")

/// `dbassist-fuzz TARGET [libFuzzer's arguments]`: see scripts/fuzz.
@main enum Main {
    static func main() {
        guard chosen != nil else {
            print("usage: dbassist-fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) [libFuzzer's arguments]")
            exit(64)
        }
        // Its arguments begin after ours; the program's name stays in front.
        let all = CommandLine.unsafeArgv
        all[1] = all[0]
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = all + 1
        var count = CommandLine.argc - 1
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { start, size in
                chosen?.run(UnsafeRawBufferPointer(start: start, count: size))
                return 0
            })
    }
}
