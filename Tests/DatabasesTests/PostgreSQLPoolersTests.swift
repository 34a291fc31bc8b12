import Testing
import Threads

@testable import Databases

/// What is remembered of poolers: proofs and refusals, each for its time, and nothing else.
@Suite struct PostgreSQLPoolersTests {
    private static let place = PostgreSQLPoolers.Place(
        ConnectionTarget(databaseType: .postgresql, location: .tcp(host: "pooler", port: 1), database: "d", user: "u"))
    private static let refusal = PostgreSQLPoolerProbe.Outcome(error: PostgreSQLPoolerProbe.takesBack, isFinal: true)
    private static let accident = PostgreSQLPoolerProbe.Outcome(error: PostgreSQLPoolerProbe.late)

    /// Asks once; answers whether the proof was made, and the message of the error.
    private func ask(
        _ poolers: PostgreSQLPoolers, _ place: PostgreSQLPoolers.Place = place, _ outcome: PostgreSQLPoolerProbe.Outcome? = nil
    ) -> (wasProven: Bool, error: String?) {
        var wasProven = false
        do throws(DatabaseError) {
            try poolers.prove(place, deadlineMs: Monotonic.nowMs + 1000) { () throws(PostgreSQLPoolerProbe.Outcome) in
                wasProven = true
                if let outcome { throw outcome }
            }
            return (wasProven, nil)
        } catch {
            return (wasProven, error.message)
        }
    }

    @Test func aProofHoldsUntilItIsForgotten() {
        let poolers = PostgreSQLPoolers()
        #expect(!poolers.isKnown(Self.place))
        #expect(ask(poolers) == (true, nil) && ask(poolers) == (false, nil))
        #expect(poolers.isKnown(Self.place))
        // Another user's pool is another one.
        let other = PostgreSQLPoolers.Place(
            ConnectionTarget(databaseType: .postgresql, location: .tcp(host: "pooler", port: 1), database: "d", user: "v"))
        #expect(!poolers.isKnown(other) && ask(poolers, other, Self.accident).wasProven)
        poolers.forget(Self.place)
        #expect(!poolers.isKnown(Self.place) && ask(poolers) == (true, nil))
    }

    @Test func aRefusalIsRepeatedAndAnAccidentIsNot() {
        let poolers = PostgreSQLPoolers()
        #expect(ask(poolers, Self.place, Self.accident) == (true, PostgreSQLPoolerProbe.late.message))
        #expect(ask(poolers, Self.place, Self.refusal) == (true, PostgreSQLPoolerProbe.takesBack.message))
        #expect(ask(poolers) == (false, PostgreSQLPoolerProbe.takesBack.message))
        // It is no proof to forget.
        poolers.forget(Self.place)
        #expect(ask(poolers) == (false, PostgreSQLPoolerProbe.takesBack.message))
    }

    @Test func placesAreBounded() {
        let poolers = PostgreSQLPoolers()
        let places = (0..<3000).map { number in
            PostgreSQLPoolers.Place(
                ConnectionTarget(databaseType: .postgresql, location: .tcp(host: "pooler", port: number), database: "d"))
        }
        for place in places { #expect(ask(poolers, place) == (true, nil)) }
        #expect(places.count { poolers.isKnown($0) } == 1024)
    }

    @Test func settingsAreJudgedOneByOne() {
        let settings = PostgreSQLSettings(isReadOnlyByDefault: true, applicationName: "x")
        let good: [String?] = ["ISO, DMY", "postgres", "3", "hex", "on", "notice", "on", "UTF8"]
        #expect(settings.answers(good) && settings.answers(good + ["more", nil]))
        for index in good.indices {
            for wrong in ["off", "", nil, "ISOX", "33"] as [String?] {
                var cells = good
                cells[index] = wrong
                #expect(!settings.answers(cells), "\(index) \(wrong ?? "nil")")
            }
        }
        #expect(!settings.answers(Array(good.dropLast())) && !settings.answers([]))
    }

    /// Texts of PgBouncer 1.18 to 1.25, which has the SQLSTATE 08P01 for nearly all of them.
    @Test(arguments: [
        ("no such database: x", DatabaseError.Code.unknownDatabase, false),
        ("database \"x\" does not exist", .unknownDatabase, false), ("database \"x\" is disabled", .unknownDatabase, false),
        ("no such user: u", .authenticationFailed, false), ("SASL authentication failed", .authenticationFailed, false),
        ("password authentication failed", .authenticationFailed, false),
        ("server login failed: wrong password type", .authenticationFailed, false),
        ("no more connections allowed (max_client_conn)", .connectionFailed, true),
        ("query_wait_timeout", .connectionFailed, true), ("client_login_timeout (server down)", .connectionFailed, true),
        ("server login has been failing, try again later (server_login_retry)", .connectionFailed, true),
        ("pooler is shutting down", .connectionFailed, true), ("unsupported startup parameter: options", .settingsRefused, false),
        ("unsupported startup parameter in options: bytea_output", .settingsRefused, false),
        ("unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed", .settingsRefused, false),
        ("bouncer config error", .connectionFailed, false),
    ])
    func textsOfAPooler(text: String, code: DatabaseError.Code, retryable: Bool) throws {
        let target = try PostgreSQLConnectionString.parse("postgresql://u:canary@pooler/x")
        let full = "connection to server at \"pooler\", port 6432 failed: FATAL:  08P01: \(text)\n"
        let error = PostgreSQLConnectFailure(text: full, furthest: .login, target: target).error
        #expect(error.code == code && error.retryable == retryable && error.sqlState == "08P01", "\(error)")
        #expect(error.message.hasSuffix(".") && !error.message.contains("\n"))
    }
}
