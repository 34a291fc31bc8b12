import Glibc
import Testing

@testable import Threads

@Suite(.timeLimit(.minutes(1))) struct SideWorkTests {
    struct Refusal: Error {}

    @Test func whatWasMadeIsThereForWhoeverAsks() throws {
        let work = SideWork(name: "side") { 42 }
        #expect(try work.value() == 42)
        #expect(try work.value() == 42)
    }

    @Test func itIsMadeBesideTheThreadThatWantsIt() throws {
        let here = pthread_self()
        let gate = Monitor(false)
        // It could not end if it were not begun beside us.
        let work = SideWork(name: "side") {
            gate.wait { $0 ? .done(()) : .wait(untilNs: nil) }
            return pthread_equal(pthread_self(), here) == 0
        }
        gate.withLock { $0 = true }
        gate.signal()
        #expect(try work.value())
    }

    @Test func itsErrorIsToldToWhoeverAsks() {
        let work = SideWork<Int>(name: "side") { throw Refusal() }
        #expect(throws: Refusal.self) { try work.value() }
    }

    /// Threads that it starts inherit what it may run on, an event loop's among them.
    @Test func itMayRunOnAnyProcessor() throws {
        @Sendable func processors() -> String? {
            var text = [UInt8](repeating: 0, count: 8192)
            let status = open("/proc/thread-self/status", O_RDONLY)
            let count = read(status, &text, text.count)
            close(status)
            return String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
                .first { $0.hasPrefix("Cpus_allowed:") }.map(String.init)
        }
        try #require(processors() != nil)
        #expect(try SideWork(name: "side") { processors() }.value() == processors())
    }
}
