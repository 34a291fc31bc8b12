import Databases
import Security
import Store
import TestSupport
import Testing

@testable import Handlers

/// A pass over the store that seals anew. Security bar C35.
@Suite struct ResealingTests {
    private let older: Keyring
    private let newer: Keyring
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        let path = directory.appending("state/keyring")
        older = try Keyring.create(path: path)
        newer = try Keyring.rotate([.sealing], path: path)
    }

    private func seal(_ text: String, _ keyring: Keyring, user: String, row: String) -> [UInt8] {
        Sealer(keyring: keyring).seal(
            Array(text.utf8), purpose: SealedColumn.connectionString.purpose, user: user, row: row)
    }

    /// Projects whose connection string is their name, sealed as `sealed` says.
    private func addProjects(
        _ store: Store, _ user: StoredUser, count: Int, _ sealed: (_ number: Int, _ name: String, _ id: String) -> [UInt8]
    ) async throws -> [StoredProject] {
        var projects: [StoredProject] = []
        for number in 0..<count {
            let (name, id) = ("p\(number)", Identifier.make())
            let project = StoredProject(
                id: id, userID: user.id, name: name, databaseType: .sqlite, sealedConnectionString: sealed(number, name, id),
                createdAtMs: 1)
            try await store.createProject(project)
            projects.append(project)
        }
        return projects
    }

    @Test func everythingOlderIsSealedAnewAndNothingElse() async throws {
        let store = try await Store.open(.sqlite(path: directory.appending("state/store")), nowMs: 1)
        let user = StoredUser(id: "u", name: "Ada", email: "a@b.c", passwordHash: "", createdAtMs: 1, updatedAtMs: 1)
        try await store.createUser(user)
        let count = Resealing.rowsPerStep + 50
        let strange = try Keyring.generate()
        let projects = try await addProjects(store, user, count: count) { number, name, id in
            switch number {
            case 0: seal(name, newer, user: user.id, row: id)
            // Another daemon's newer key, which we do not know yet.
            case 1: seal(name, strange, user: user.id, row: id)
            // Moved here from another row by somebody.
            case 2: seal(name, older, user: user.id, row: "another row")
            default: seal(name, older, user: user.id, row: id)
            }
        }
        let (current, changed) = (newer, projects[Resealing.rowsPerStep + 10])
        var steps = 0
        let own = seal("changed", current, user: user.id, row: changed.id)
        let outcome = try await Resealing(store, sealer: { Sealer(keyring: current) }).pass { _ in
            steps += 1
            guard steps == 1 else { return }
            _ = try await store.updateProject(
                id: changed.id, userID: user.id, change: ProjectChange(sealedConnectionString: own), nowMs: 2)
        }
        #expect(outcome == Resealing.Outcome(resealed: count - 4, unreadable: 1))
        #expect(steps > 2)
        let sealer = Sealer(keyring: current)
        for (number, before) in projects.enumerated() {
            let after = try await store.project(id: before.id, userID: user.id)
            let sealed = try #require(after?.sealedConnectionString)
            if number < 3 {
                #expect(sealed == before.sealedConnectionString, "\(number)")
                continue
            }
            #expect(!sealer.needsReseal(sealed))
            let opened = try sealer.open(
                sealed, purpose: SealedColumn.connectionString.purpose, user: user.id, row: before.id)
            #expect(String(decoding: opened, as: UTF8.self) == (before.id == changed.id ? "changed" : before.name))
            // No time of change: to its owner nothing has happened.
            #expect(after?.updatedAtMs == (before.id == changed.id ? 2 : 1))
        }
        // Once more: nothing is left but what cannot be done.
        let again = try await Resealing(store, sealer: { sealer }).pass()
        #expect(again == Resealing.Outcome(resealed: 0, unreadable: 1))
        await store.close()
    }

    @Test func aPassIsDueWhenAKeyHasComeAndAgainUntilNothingIsFound() {
        let schedule = ResealingSchedule()
        let (alone, sealer) = (Sealer(keyring: older), Sealer(keyring: newer))
        let minuteNs = UInt64(ResealingSchedule.againMs) * 1_000_000
        let hourNs = UInt64(ResealingSchedule.quietMs) * 1_000_000
        #expect(!schedule.isDue(alone, nowNs: 0))
        #expect(schedule.isDue(sealer, nowNs: 0))
        schedule.finished(sealer.keyID, found: true, nowNs: 5)
        #expect(!schedule.isDue(sealer, nowNs: minuteNs))
        #expect(schedule.isDue(sealer, nowNs: minuteNs + 5))
        schedule.finished(sealer.keyID, found: false, nowNs: 5)
        #expect(!schedule.isDue(sealer, nowNs: minuteNs + 5))
        #expect(schedule.isDue(sealer, nowNs: hourNs + 5))
    }

    /// A connection that is open serves on: nothing about the database has changed.
    @Test func aProjectThatWasSealedAnewIsTheSameDatabase() async throws {
        try await HandlerBench.run { bench in
            let handlers = ProjectHandlers(services: bench.services)
            var (one, other) = (bench.project, bench.project)
            one.sealedConnectionString = handlers.seal("sqlite:///a", project: one.id, user: one.userID)
            other.sealedConnectionString = handlers.seal("sqlite:///a", project: one.id, user: one.userID)
            #expect(one.sealedConnectionString != other.sealedConnectionString)
            #expect(handlers.isSameDatabase(one, other) && handlers.isSameDatabase(one, one))
            other.sealedConnectionString = handlers.seal("sqlite:///b", project: one.id, user: one.userID)
            #expect(!handlers.isSameDatabase(one, other))
            other.sealedConnectionString = [1]
            #expect(!handlers.isSameDatabase(one, other))
        }
    }
}
