import Glibc
import Security
import Store

/// What the commands that move and check whole stores do and print.
enum StoreTransfer {
    /// Copies a store and checks the copy.
    static func copy(from: StoreLocation, to: StoreLocation) async throws(Failure) {
        do throws(StoreError) {
            let began = ContinuousClock.now
            let tables = try await Store.copy(from: from, to: to, nowMs: Timestamp.now()) { table in
                StandardError.progress("\(table.name): \(table.rows) rows")
            }
            StandardError.progress("")
            let rows = tables.reduce(0) { $0 + $1.rows }
            print("copied \(rows) rows of \(tables.count) tables in \((ContinuousClock.now - began) / .milliseconds(1)) ms")
        } catch {
            throw Failure(error.message, status: 1)
        }
        guard try isSound(to) else { throw Failure("The copy is not sound; do not use it.", status: 1) }
    }

    /// Checks a store and prints what is wrong with it.
    static func isSound(_ location: StoreLocation) throws(Failure) -> Bool {
        let problems: [String]
        do throws(StoreError) { problems = try Store.check(location) } catch {
            throw Failure(error.message, status: 1)
        }
        print(problems.isEmpty ? "sound" : problems.joined(separator: "\n"))
        return problems.isEmpty
    }
}

extension StandardError {
    /// Shows a line in place of the last one, on a terminal only; nothing clears it.
    static func progress(_ line: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        write("\r\u{1B}[K\(line)")
    }
}
