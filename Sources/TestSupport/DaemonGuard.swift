import Glibc
import Synchronization

/// Ends what the tests started when the test process ends, however that may be: a shell that reads from a pipe whose other
/// end only we have, and that kills the daemons it was told of once the pipe is closed. One for the whole test process.
final class DaemonGuard: Sendable {
    static let shared = DaemonGuard()

    private static let script = """
        list=
        while read -r verb pid directory; do
          case $verb in
          add) list="$list $pid:$directory" ;;
          drop)
            kept=
            for item in $list; do [ "${item%%:*}" = "$pid" ] || kept="$kept $item"; done
            list=$kept ;;
          esac
        done
        for item in $list; do kill -KILL "${item%%:*}"; rm -rf "${item#*:}"; done
        """

    private let pipe: Mutex<Int32>

    private init() {
        guard let ends = try? ChildProcess.pipe(),
            (try? ChildProcess.start(["sh", "-c", Self.script], standardInput: ends.reading)) != nil
        else { preconditionFailure("cannot start the guard of the daemons") }
        close(ends.reading)
        pipe = Mutex(ends.writing)
    }

    /// From now on the process dies with us, and the directory goes.
    func add(_ pid: pid_t, directory: String) { tell("add \(pid) \(directory)\n") }

    /// The process is gone.
    func drop(_ pid: pid_t) { tell("drop \(pid)\n") }

    private func tell(_ line: String) {
        let bytes = Array(line.utf8)
        pipe.withLock { pipe in _ = write(pipe, bytes, bytes.count) }
    }
}
