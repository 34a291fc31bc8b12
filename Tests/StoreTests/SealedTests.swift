import Testing

@testable import Store

/// Going through what is sealed. Security bar C35.
@Suite struct SealedTests {
    /// A record of the form that the store knows: version, key id, and something.
    private static func record(_ key: UInt8, _ rest: UInt8 = 0) -> [UInt8] {
        [1] + [UInt8](repeating: key, count: 8) + [UInt8](repeating: rest, count: 30)
    }

    private static func id(_ key: UInt8) -> [UInt8] { [UInt8](repeating: key, count: 8) }

    @Test func onlyWhatIsUnderTheNamedKeysIsFound() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let other = try await store.makeProject(email: "grace@example.org")
            for (project, key) in [(project, UInt8(1)), (other, 2)] {
                _ = try await store.updateProject(
                    id: project.id, userID: project.userID, change: ProjectChange(sealedConnectionString: Self.record(key)),
                    nowMs: 1)
            }
            var wanted: Set<String> = []
            for number in 0..<25 {
                let start = Sample.start(project)
                var end = Sample.success()
                end.sealedPreview = number % 5 == 0 ? nil : Self.record(number % 2 == 0 ? 1 : 2, UInt8(number))
                if number % 5 != 0, number % 2 == 0 { wanted.insert(start.id) }
                await store.recordFinished(start, end)
            }
            await store.flush()
            var found: [SealedRecord] = []
            var next: String? = ""
            var pages = 0
            while let id = next {
                let page = try await store.sealed(.preview, under: [Self.id(1), Self.id(9)], after: id, limit: 10)
                (found, next, pages) = (found + page.records, page.next, pages + 1)
            }
            #expect(Set(found.map(\.id)) == wanted && found.count == wanted.count && pages == 3)
            #expect(found.allSatisfy { $0.userID == project.userID && $0.sealed[1] == 1 })
            let strings = try await store.sealed(.connectionString, under: [Self.id(1)], after: "", limit: 10)
            #expect(strings.records.map(\.id) == [project.id] && strings.next == nil)
            #expect(try await store.sealed(.preview, under: [], after: "", limit: 10).records.isEmpty)
        }
    }

    @Test func aRecordIsReplacedOnlyFromWhatWasRead() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            func sealed() async throws -> [UInt8]? {
                try await store.knownProject(id: project.id, userID: project.userID)?.sealedConnectionString
            }
            let old = SealedRecord(
                column: .connectionString, id: project.id, userID: project.userID, sealed: project.sealedConnectionString)
            let new = Self.record(2)
            #expect(try await sealed() == project.sealedConnectionString)
            #expect(try await store.reseal([(old, new)]) == [old])
            // What is in memory is the new one.
            #expect(try await sealed() == new)
            // It was changed in between: the change stays.
            #expect(try await store.reseal([(old, Self.record(3))]) == [])
            #expect(try await sealed() == new)
            // It was deleted.
            try await store.deleteProject(id: project.id, userID: project.userID)
            var current = old
            current.sealed = new
            #expect(try await store.reseal([(current, Self.record(3))]) == [])
        }
    }

    @Test func usesOfKeysAreCounted() async throws {
        for kind in StoreKind.allCases {
            let directory = TemporaryDirectory()
            let location = try kind.location(directory)
            let store = try await Store.open(location, nowMs: Sample.nowMs)
            let project = try await store.makeProject()
            _ = try await store.updateProject(
                id: project.id, userID: project.userID, change: ProjectChange(sealedConnectionString: Self.record(1)), nowMs: 1)
            for key in [UInt8(1), 2, 2] {
                var end = Sample.success()
                end.sealedPreview = Self.record(key)
                await store.recordFinished(Sample.start(project), end)
            }
            await store.flush()
            for (begun, ends) in [(Int64(100), Int64(500)), (200, 900), (250, 700)] {
                let session = SessionRecord(
                    id: Sample.id(), userID: project.userID, client: "", createdAtMs: begun, expiresAtMs: ends)
                try await store.createSession(session)
                if ends == 900 { try await store.revokeSession(id: session.id, userID: project.userID, nowMs: 300) }
            }
            // Beside the store in use.
            let use = try Store.keyUse(location, sessionsBegunIn: [0..<200, 200..<300, 300..<400, 0..<0])
            #expect(use.sessionsEndAtMs == [500, 700, nil, nil])
            let counts = Set(use.sealed.map { "\($0.column) \($0.keyID[0]) \($0.records)" })
            #expect(counts == ["connectionString 1 1", "preview 1 1", "preview 2 2"])
            await store.close()
        }
    }
}
