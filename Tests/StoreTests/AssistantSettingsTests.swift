import Testing

@testable import Store

@Suite struct AssistantSettingsTests {
    private let settings = AssistantRecord(
        model: "small \"one\"", shareSchema: true, shareRows: false, shareSamples: nil, maskedColumns: ["a.\"b\nc\"", "d"],
        acceptedRights: ["superuser"])
    /// What makes them of none.
    private var change: ProjectChange {
        ProjectChange(
            assistant: AssistantRecordChange(
                model: settings.model, shareSchema: settings.shareSchema, shareRows: settings.shareRows,
                shareSamples: settings.shareSamples, maskedColumns: settings.maskedColumns,
                acceptedRights: settings.acceptedRights))
    }

    @Test func aChangeLeavesWhatItDoesNotName() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            #expect(project.assistant == AssistantRecord())
            #expect(try await store.project(id: project.id, userID: project.userID)?.assistant == AssistantRecord())
            _ = try await store.updateProject(id: project.id, userID: project.userID, change: change, nowMs: 9)
            var expected = settings
            for (change, apply) in [
                (AssistantRecordChange(shareSamples: false), { $0.shareSamples = false }),
                (AssistantRecordChange(model: ""), { $0.model = nil }),
                (AssistantRecordChange(maskedColumns: []), { $0.maskedColumns = [] }),
                (
                    AssistantRecordChange(shareSchema: false, acceptedRights: ["x"]),
                    {
                        $0.shareSchema = false
                        $0.acceptedRights = ["x"]
                    }
                ),
            ] as [(AssistantRecordChange, (inout AssistantRecord) -> Void)] {
                apply(&expected)
                // Read once, so that it is known, and then again.
                _ = try await store.knownProject(id: project.id, userID: project.userID)
                let changed = try await store.updateProject(
                    id: project.id, userID: project.userID, change: ProjectChange(assistant: change), nowMs: 10)
                #expect(changed?.assistant == expected && changed?.name == project.name)
                #expect(try await store.knownProject(id: project.id, userID: project.userID)?.assistant == expected)
                #expect(try await store.project(id: project.id, userID: project.userID)?.assistant == expected)
            }
            // Other changes leave all of it.
            _ = try await store.updateProject(
                id: project.id, userID: project.userID, change: ProjectChange(name: "other"), nowMs: 11)
            #expect(try await store.projects(userID: project.userID).items.map(\.assistant) == [expected])
        }
    }

    @Test func settingsAreTheOwnersAloneAndLast() async throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store.db"
        let store = try await Store.open(.sqlite(path: path), nowMs: Sample.nowMs)
        let project = try await store.makeProject()
        let stranger = try await store.makeProject(email: "grace@example.org")
        _ = try await store.knownProject(id: project.id, userID: project.userID)
        let set = try await store.updateProject(
            id: project.id, userID: project.userID, change: change, nowMs: Sample.nowMs + 5)
        #expect(set?.assistant == settings && set?.updatedAtMs == Sample.nowMs + 5)
        #expect(try await store.knownProject(id: project.id, userID: project.userID)?.assistant == settings)
        #expect(
            try await store.updateProject(
                id: project.id, userID: stranger.userID, change: ProjectChange(assistant: AssistantRecordChange(model: "")),
                nowMs: 1)
                == nil)
        await store.close()
        let again = try await Store.open(.sqlite(path: path), nowMs: Sample.nowMs)
        #expect(try await again.project(id: project.id, userID: project.userID)?.assistant == settings)
        await again.close()
    }

    @Test func whatANewerDaemonWroteIsReadAndDamageIsTold() throws {
        let newer = #"{"shareRows":true,"shareMoon":{"a":[1]},"maskedColumns":["x"]}"#
        #expect(try StoredJSON.assistant(newer) == AssistantRecord(shareRows: true, maskedColumns: ["x"]))
        for damaged in ["", "{", "[]", #"{"shareRows":1}"#, #"{"maskedColumns":[1]}"#] {
            #expect { try StoredJSON.assistant(damaged) } throws: { ($0 as? StoreError)?.code == .corrupt }
        }
    }
}
