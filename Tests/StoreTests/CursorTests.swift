import Testing

@testable import Store

@Suite struct CursorTests {
    @Test func readsBackWhatItWrote() throws {
        let cursor = Cursor(list: .queries, createdAtMs: Sample.nowMs, id: Sample.id())
        #expect(try Cursor(cursor.text, list: .queries) == cursor)
    }

    @Test func anythingElseIsRefused() async throws {
        let good = Cursor(list: .queries, createdAtMs: Sample.nowMs, id: Sample.id()).text
        var bad = [
            "", "_", "q", "q_", "q1", "\u{0}", "é", "q-1_", "q99999999999999999999_" + Sample.id(), good + "x",
            "p" + good.dropFirst(),
        ]
        bad += [good.uppercased(), good.replacing("q", with: "q0"), good.replacing("q", with: "q+"), " " + good]
        bad += [String(repeating: "q", count: 100_000), good.replacing("_", with: "__"), good.replacing("_", with: ".")]
        for index in good.indices {
            var text = good
            text.replaceSubrange(index...index, with: "\u{7f}")
            bad.append(text)
        }
        for text in bad {
            #expect(throws: StoreError.self, "\(text.prefix(80))") { try Cursor(text, list: .queries) }
        }
        try await withStore { store, _ in
            let project = try await store.makeProject()
            for text in bad {
                await expectError(.invalidCursor) {
                    _ = try await store.history(userID: project.userID, page: PageRequest(cursor: text))
                }
            }
        }
    }

    @Test func aForeignCursorShowsNothingOfOthers() async throws {
        try await withStore { store, _ in
            let ada = try await store.makeProject()
            let grace = try await store.makeProject(email: "grace@example.org")
            for number in 0..<4 {
                await store.recordFinished(Sample.start(ada, atMs: Sample.nowMs + Int64(number)), Sample.success())
            }
            let page = try await store.history(userID: ada.userID, page: PageRequest(limit: 1))
            let request = PageRequest(cursor: page.nextCursor)
            #expect(try await store.history(userID: grace.userID, page: request).items.isEmpty)
        }
    }
}
