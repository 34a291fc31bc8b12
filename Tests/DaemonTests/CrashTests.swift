import Glibc
import TestSupport
import Testing

/// What was acknowledged is there after a crash, nothing is there that nobody asked for, nothing is there by halves, and the daemon
/// starts again by itself. Security bar E53.
@Suite(.serialized) struct CrashTests {
    enum Place: String, CaseIterable, CustomTestStringConvertible {
        case sqlite, postgresql
        var testDescription: String { rawValue }
    }

    /// kill -9 of the daemon at random moments, while eight clients write all there is to write.
    @Test(.timeLimit(.minutes(TestScale.isFull ? 60 : 10)), arguments: Place.allCases)
    func `a killed daemon has lost nothing`(place: Place) async throws {
        let server = place == .postgresql ? try PostgreSQLServer.shared() : nil
        let world = try await CrashWorld.start(in: server.map { ($0, try $0.makeDatabase()) })
        var daemon = world.bench.daemon
        var starts: [Duration] = []
        let rounds = place == .sqlite ? TestScale.count(20, full: 300) : TestScale.count(6, full: 100)
        for round in 0..<rounds {
            let clients = world.startRound(round, daemon)
            try await world.waitForWrites(.random(in: 1...120))
            try await daemon.crash()
            for client in clients { await client.value }
            let began = ContinuousClock.now
            daemon = try await daemon.startAgain()
            starts.append(ContinuousClock.now - began)
            var judge = CrashJudge(world, daemon, isLast: round == rounds - 1)
            let problems = try await judge.judge()
            for problem in problems.prefix(20) { Issue.record("round \(round): \(problem)") }
            guard problems.isEmpty else { break }
        }
        starts.sort()
        #expect(starts.last.map { $0 < .promptly } == true, "\(starts.suffix(3))")
        // The median, since others may keep the machine busy for a while.
        #expect(starts[starts.count / 2] < .seconds(2), "\(starts)")
        #expect(try await daemon.stop() == 0)
        report("kill -9, \(rounds) rounds, store in \(place.rawValue)", world)
        print("E53: started again in \(starts[starts.count / 2]) at the median, \(starts.last ?? .zero) at most")
    }

    /// The server of the store is killed, all of its processes at once, and comes back; the daemon stays.
    @Test(.timeLimit(.minutes(TestScale.isFull ? 60 : 10))) func `a killed server of the store has lost nothing`() async throws {
        let server = try PostgreSQLServer.ofItsOwn()
        let world = try await CrashWorld.start(in: (server, try server.makeDatabase()), excuses: .store)
        let daemon = world.bench.daemon
        let rounds = TestScale.count(4, full: 50)
        for round in 0..<rounds {
            let clients = world.startRound(round, daemon)
            try await world.waitForWrites(.random(in: 1...80))
            try server.crash()
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...700)))
            try server.startAgain()
            // It heals by itself: what is asked after a while is answered.
            try await Self.waitUntilHealed(world, daemon)
            try await world.waitForWrites(20)
            world.endRound()
            for client in clients { await client.value }
            try await Self.waitUntilWritten(daemon)
            var judge = CrashJudge(world, daemon, isLast: round == rounds - 1)
            let problems = try await judge.judge()
            for problem in problems.prefix(20) { Issue.record("round \(round): \(problem)") }
            guard problems.isEmpty else { break }
        }
        #expect(daemon.exitStatus == nil)
        #expect(try await daemon.stop() == 0)
        report("kill -9 of the store's server, \(rounds) rounds", world)
    }

    private static func waitUntilHealed(_ world: CrashWorld, _ daemon: DaemonProcess) async throws {
        let until = ContinuousClock.now + .promptly
        while true {
            do {
                let client = try daemon.client()
                try await client.attach(world.owners[0].token)
                try await client.call("auth.updateProfile", ["name": "Ada Lovelace"])
                return
            } catch let failure as TestClient.Failure where ContinuousClock.now < until {
                #expect(failure.data["retryable"] == true, "\(failure)")
                try await world.pause()
            }
        }
    }

    /// Waits until what could not be written meanwhile has been.
    private static func waitUntilWritten(_ daemon: DaemonProcess) async throws {
        let client = try daemon.client()
        let until = ContinuousClock.now + .promptly
        while try await client.call("system.health")["status"] != "ok", ContinuousClock.now < until {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func report(_ what: String, _ world: CrashWorld) {
        let figures = world.model.figures
        let list = figures.acknowledged.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        print("E53: \(what): \(figures.total) acknowledged writes checked: \(list)")
        print("E53: of those that were cut off \(figures.done) had happened and \(figures.undone) had not")
        #expect(figures.total > 100)
        #expect(figures.done > 0 && figures.undone > 0)
    }
}
