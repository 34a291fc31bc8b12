import Databases
import Testing

@testable import Store

@Suite struct ProjectsTests {
    @Test func comesBackAsItWentIn() async throws {
        try await withStore { store, _ in
            let user = Sample.user()
            try await store.createUser(user)
            var project = Sample.project(of: user, name: "Z\(store.nul)ö \u{1F408}")
            project.description = "%_\\ 'quoted' \"too\""
            project.isReadOnly = false
            project.databaseType = .sqlite
            project.sealedConnectionString = []
            try await store.createProject(project)
            #expect(try await store.project(id: project.id, userID: user.id) == project)
            #expect(try await store.projects(userID: user.id).items == [project])
        }
    }

    @Test func aNameIsTakenOncePerOwner() async throws {
        try await withStore { store, _ in
            let first = try await store.makeProject()
            _ = try await store.makeProject(email: "grace@example.org")
            var second = first
            second.id = Sample.id()
            await expectError(.conflict) { try await store.createProject(second) }
            second.name = "Shop"
            try await store.createProject(second)
            await expectError(.conflict) {
                _ = try await store.updateProject(
                    id: second.id, userID: second.userID, change: ProjectChange(name: "shop"), nowMs: 1)
            }
            #expect(try await store.countProjects(userID: first.userID) == 2)
        }
    }

    @Test func anotherOwnersProjectIsNotThere() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            let other = try await store.makeProject(email: "grace@example.org")
            #expect(try await store.project(id: project.id, userID: other.userID) == nil)
            let change = ProjectChange(name: "mine")
            #expect(try await store.updateProject(id: project.id, userID: other.userID, change: change, nowMs: 1) == nil)
            #expect(try await store.deleteProject(id: project.id, userID: other.userID) == false)
            #expect(try await store.summary(projectID: project.id, userID: other.userID) == nil)
            var start = Sample.start(project)
            start.userID = other.userID
            let foreign = start
            await expectError(.notFound) { try await store.insertRunning(foreign) }
            #expect(try await store.project(id: project.id, userID: project.userID) == project)
        }
    }

    @Test func anUpdateChangesOnlyWhatIsGiven() async throws {
        try await withStore { store, _ in
            var project = try await store.makeProject()
            project.description = "new"
            project.isReadOnly = false
            project.updatedAtMs = 9
            let change = ProjectChange(description: "new", isReadOnly: false)
            #expect(try await store.updateProject(id: project.id, userID: project.userID, change: change, nowMs: 9) == project)
            #expect(try await store.project(id: project.id, userID: project.userID) == project)
        }
    }

    @Test func searchTextStandsForItself() async throws {
        try await withStore { store, _ in
            let user = Sample.user()
            try await store.createUser(user)
            let names = ["100% sure", "100 sure", "a_b", "aXb", "ÄPFEL", "back\\slash", "it's", "nul\(store.nul)byte"]
            for name in names { try await store.createProject(Sample.project(of: user, name: name)) }
            let cases = [
                "100%": ["100% sure"], "a_b": ["a_b"], "äpf": ["ÄPFEL"], "\\": ["back\\slash"], "'": ["it's"], "%": ["100% sure"],
                "SURE": ["100 sure", "100% sure"], "\u{0}BYTE": ["nul\(store.nul)byte"], "zzz": [],
            ]
            for (text, expected) in cases {
                let found = try await store.projects(userID: user.id, filter: ProjectFilter(text: text))
                #expect(Set(found.items.map(\.name)) == Set(expected), "\(text)")
            }
            let all = try await store.projects(userID: user.id).items.map(\.id)
            let named = ProjectFilter(ids: [all[1], all[3], Sample.id(), "' OR 1 = 1 --"])
            let page = try await store.projects(userID: user.id, filter: named, page: PageRequest(limit: 1))
            #expect(page.items.map(\.id) == [all[1]])
            let rest = try await store.projects(
                userID: user.id, filter: named, page: PageRequest(limit: 5, cursor: page.nextCursor))
            #expect(rest.items.map(\.id) == [all[3]] && rest.nextCursor == nil)
            #expect(try await store.projects(userID: user.id, filter: ProjectFilter(ids: [])).items.isEmpty)
            let none = try await store.projects(userID: user.id, filter: ProjectFilter(databaseType: .mysql))
            #expect(none.items.isEmpty)
        }
    }

    @Test func lastUseIsNoted() async throws {
        try await withStore { store, _ in
            let project = try await store.makeProject()
            await store.touchProject(id: project.id, nowMs: Sample.nowMs + 5)
            await store.touchProject(id: project.id, nowMs: Sample.nowMs + 6)
            await store.flush()
            #expect(try await store.project(id: project.id, userID: project.userID)?.lastUsedAtMs == Sample.nowMs + 5)
        }
    }
}
