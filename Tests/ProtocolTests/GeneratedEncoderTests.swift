import Testing

@testable import Protocol

/// What the generated encoders write, to the byte.
@Suite struct GeneratedEncoderTests {
    @Test func membersStandInTheOrderOfTheSpecAndAbsentOnesAreLeftOut() {
        var project = Project(
            id: "1", name: "a \"b\"", databaseType: .sqlite, connection: "c", readOnly: true, createdAt: "d", updatedAt: "e")
        #expect(
            text(project)
                == #"{"id":"1","name":"a \"b\"","databaseType":"sqlite","connection":"c","readOnly":true,"createdAt":"d","updatedAt":"e"}"#
        )
        project.description = "x"
        #expect(text(project).hasPrefix(#"{"id":"1","name":"a \"b\"","description":"x","databaseType""#))
    }

    @Test func anObjectOfOptionalMembersHasItsCommasRight() {
        #expect(text(DatabaseSummary()) == "{}")
        #expect(text(DatabaseSummary(sizeBytes: 1)) == #"{"sizeBytes":1}"#)
        #expect(text(DatabaseSummary(serverVersion: "a", tableCount: 2)) == #"{"serverVersion":"a","tableCount":2}"#)
    }

    @Test func arraysAndRawValuesPassThrough() {
        let result = QueryResult(
            queryId: "q", columns: [Column(name: "a", type: "int4", encoding: .integer)], rows: JSONText("[[1],[2]]"),
            rowCount: 2,
            hasMore: false, command: "SELECT", durationMs: 0.5, mode: .read, truncated: false, notices: [])
        let written = text(result)
        #expect(written.contains(#""columns":[{"name":"a","type":"int4","encoding":"integer"}],"rows":[[1],[2]],"rowCount":2"#))
        #expect(written.hasSuffix(#""durationMs":0.5,"mode":"read","truncated":false,"notices":[]}"#))
    }

    @Test func limitsWriteEveryEntryOfTheirTable() {
        var limits = Limits()
        limits.headerBytes = 1
        let written = text(limits)
        #expect(written.hasPrefix(#"{"headerBytes":1,"#))
        for entry in Limits.table {
            #expect(written.contains("\"\(entry.name)\":\(entry.get(limits))"), "\(entry.name)")
        }
    }

    @Test func theDocumentIsThisProtocol() {
        let document = OpenRPCDocument.text.string
        #expect(document.hasPrefix(#"{"openrpc":"1.3"#))
        for method in Method.allCases { #expect(document.contains("{\"name\":\"\(method.name)\",\"summary\""), "\(method.name)") }
    }

    @Test func emptyIsAnObject() { #expect(text(Empty()) == "{}") }

    private func text(_ value: any JSONEncodable) -> String {
        var writer = JSONWriter()
        value.encode(to: &writer)
        return writer.take().string
    }
}
