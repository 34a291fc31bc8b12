import CLibFuzzer
import FuzzTargets
import Glibc

/// What to run is named by the environment: libFuzzer starts this program again with arguments of its own. A C callback captures nothing.
private let chosen = getenv("FUZZ_TARGET").flatMap { FuzzTarget(rawValue: String(cString: $0)) }

/// `FUZZ_TARGET=… dbassist-fuzz [libFuzzer's arguments]`: see scripts/fuzz.
@main enum Main {
    static func main() {
        guard chosen != nil else {
            print("FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))")
            exit(64)
        }
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        var count = CommandLine.argc
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { start, size in
                chosen?.run(UnsafeRawBufferPointer(start: start, count: size))
                return 0
            })
    }
}
