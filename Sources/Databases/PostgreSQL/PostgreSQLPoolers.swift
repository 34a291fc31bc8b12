import Threads

/// What is known of poolers such as PgBouncer: where one stands, and whether it lends a server connection for as long as a client is
/// there. Of the process, for projects and the store alike.
final class PostgreSQLPoolers: Sendable {
    static let shared = PostgreSQLPoolers()

    /// Poolers have a pool, and perhaps a mode, for each database and user.
    struct Place: Hashable, Sendable {
        let location: ConnectionTarget.Location
        let database: String?
        let user: String?

        init(_ target: ConnectionTarget) {
            location = target.location
            database = target.database
            user = target.user
        }
    }

    /// How long a proof holds: whoever changes a pooler's mode is found out after that, or once a connection is lost.
    static let proofMs = 300_000
    /// How long a refusal is repeated without a look: each look costs the pooler a server connection.
    static let refusalMs = 3_000
    private static let placesMax = 1024

    private enum Finding {
        /// A thread is about to find out.
        case open
        case lends(untilMs: Int)
        case refused(DatabaseError, untilMs: Int)

        var untilMs: Int {
            switch self {
            case .open: .max
            case .lends(let untilMs), .refused(_, let untilMs): untilMs
            }
        }
    }

    private let findings = Monitor<[Place: Finding]>([:])

    /// Whether a pooler was found there lately.
    func isKnown(_ place: Place) -> Bool {
        findings.withLock { findings in (findings[place]?.untilMs ?? 0) > Monotonic.nowMs }
    }

    /// Forgets what is known: a connection there was lost, or was not what it should be.
    func forget(_ place: Place) {
        findings.withLock { findings in
            if case .lends = findings[place] { findings[place] = nil }
        }
    }

    /// Returns once it is known that the pooler lends, by `proof` if need be: one thread a place runs it, others wait for the outcome,
    /// at most until `deadlineMs` of ``Monotonic``.
    ///
    /// Errors: those of `proof`; `connect_timeout`.
    func prove(
        _ place: Place, deadlineMs: Int, _ proof: () throws(PostgreSQLPoolerProbe.Outcome) -> Void
    ) throws(DatabaseError) {
        let known: Result<Bool, DatabaseError> = findings.wait { findings in
            let now = Monotonic.nowMs
            switch findings[place] {
            case .lends(let untilMs)? where untilMs > now: return .done(.success(true))
            case .refused(let error, let untilMs)? where untilMs > now: return .done(.failure(error))
            case .open?:
                guard now < deadlineMs else { return .done(.failure(PostgreSQLPoolerProbe.late)) }
                return .wait(untilNs: Monotonic.after(milliseconds: deadlineMs - now))
            default:
                Self.makeRoom(in: &findings)
                findings[place] = .open
                return .done(.success(false))
            }
        }
        guard try !known.get() else { return }
        do throws(PostgreSQLPoolerProbe.Outcome) {
            try proof()
            settle(place, .lends(untilMs: Monotonic.nowMs + Self.proofMs))
        } catch {
            settle(place, error.isFinal ? .refused(error.error, untilMs: Monotonic.nowMs + Self.refusalMs) : nil)
            throw error.error
        }
    }

    private func settle(_ place: Place, _ finding: Finding?) {
        findings.withLock { $0[place] = finding }
        findings.broadcast()
    }

    private static func makeRoom(in findings: inout [Place: Finding]) {
        guard findings.count >= placesMax else { return }
        let now = Monotonic.nowMs
        findings = findings.filter { $0.value.untilMs > now }
        if findings.count >= placesMax, let any = findings.first(where: { $0.value.untilMs != .max }) { findings[any.key] = nil }
    }
}
