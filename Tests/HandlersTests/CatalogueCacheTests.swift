import Synchronization
import Testing

@testable import Databases
@testable import Handlers

@Suite struct CatalogueCacheTests {
    /// Counts what is read, and answers a catalogue of so many bytes.
    private final class Source: Sendable {
        let reads = Atomic(0)
        func read(_ bytes: Int = 100) -> CatalogueCache.Reading {
            { () async throws(DatabaseError) in
                self.reads.add(1, ordering: .relaxed)
                var catalogue = Catalogue()
                catalogue.bytes = bytes
                return catalogue
            }
        }
        var count: Int { reads.load(ordering: .relaxed) }
    }

    private func key(_ project: String = "p", isDetailed: Bool = false, system: Bool = false) -> CatalogueCache.Key {
        CatalogueCache.Key(
            pool: PoolKey(projectID: project, fingerprint: Array("f".utf8)), includesSystem: system, isDetailed: isDetailed)
    }

    @Test func whatWasReadInDetailServesThoseWhoWantLess() async throws {
        let cache = CatalogueCache(bytesMax: 1000, ageMsMax: 60_000)
        let source = Source()
        _ = try await cache.catalogue(key(), source.read())
        _ = try await cache.catalogue(key(isDetailed: true), source.read(300))
        #expect(cache.status == CatalogueCache.Status(reads: 2, hits: 0, bytes: 300))
        _ = try await cache.catalogue(key(), source.read())
        _ = try await cache.catalogue(key(isDetailed: true), source.read())
        _ = try await cache.catalogue(key(system: true), source.read())
        #expect(source.count == 3 && cache.status == CatalogueCache.Status(reads: 3, hits: 2, bytes: 400))
    }

    @Test func theLeastUsedGoesFirst() async throws {
        let cache = CatalogueCache(bytesMax: 300, ageMsMax: 60_000)
        let source = Source()
        for project in ["a", "b", "c", "a", "d"] { _ = try await cache.catalogue(key(project), source.read()) }
        #expect(cache.status.bytes == 300 && source.count == 4)
        for project in ["a", "c", "d"] { _ = try await cache.catalogue(key(project), source.read()) }
        #expect(source.count == 4)
        _ = try await cache.catalogue(key("b"), source.read())
        #expect(source.count == 5)
        // One that is larger than all the room is answered, and pushes nothing out.
        _ = try await cache.catalogue(key("e"), source.read(1000))
        #expect(cache.status.bytes == 300 && source.count == 6)
    }

    @Test func aFailureIsNotKept() async throws {
        let cache = CatalogueCache(bytesMax: 300, ageMsMax: 60_000)
        await #expect(throws: DatabaseError.self) {
            _ = try await cache.catalogue(key()) { () async throws(DatabaseError) in
                throw DatabaseError(.connectionRefused, phase: .connect, "refused")
            }
        }
        let source = Source()
        _ = try await cache.catalogue(key(), source.read())
        #expect(source.count == 1 && cache.status.reads == 2)
    }

    @Test func whatIsForgottenIsReadAgain() async throws {
        let cache = CatalogueCache(bytesMax: 1000, ageMsMax: 60_000)
        let source = Source()
        for project in ["p", "q"] { _ = try await cache.catalogue(key(project), source.read()) }
        cache.invalidate(projectID: "p")
        #expect(cache.status.bytes == 100)
        for project in ["p", "q"] { _ = try await cache.catalogue(key(project), source.read()) }
        #expect(source.count == 3)
        let old = CatalogueCache(bytesMax: 1000, ageMsMax: 0)
        for _ in 0..<2 { _ = try await old.catalogue(key(), source.read()) }
        #expect(source.count == 5)
        old.dropExpired()
        #expect(old.status.bytes == 0)
    }

    /// A thousand callers of whom half are cancelled at any time: each is answered once, and none waits for ever.
    @Test func cancelsInTheMiddleLoseNobody() async throws {
        let cache = CatalogueCache(bytesMax: 1000, ageMsMax: 0)
        let source = Source()
        var answered = 0
        for round in 0..<50 {
            answered += await withTaskGroup(of: Int.self) { group in
                for caller in 0..<20 {
                    group.addTask {
                        let task = Task { try await cache.catalogue(key("p\(round % 3)"), source.read()) }
                        if caller % 2 == 0 { task.cancel() }
                        return switch await task.result {
                        case .success: 1
                        case .failure(let error): (error as? DatabaseError)?.code == .cancelled ? 1 : 0
                        }
                    }
                }
                return await group.reduce(0, +)
            }
        }
        #expect(answered == 1000)
    }
}
