import Testing

@testable import Protocol

/// What the generated decoders accept and refuse, by way of `Call.decode`, as the daemon calls them.
@Suite struct GeneratedDecoderTests {
    private let id = "01890a5d-ac96-774b-bcce-b302099a8057"

    // MARK: By name

    @Test func readsEveryMember() throws {
        let text = """
            { "projectId" : "\(id)", "sql": "SELECT $1", "parameters": [1, "a", null, [2]], "mode": "write", "pageRows": 10,
              "timeoutMs": 1e3, "label": "x", "keep": true }
            """
        guard case .queryRun(let params) = try decode(.queryRun, text) else { return #expect(Bool(false)) }
        #expect(params.projectId == id)
        #expect(params.sql == "SELECT $1")
        #expect(params.parameters?.map(\.string) == ["1", "\"a\"", "null", "[2]"])
        #expect(params.mode == .write)
        #expect(params.pageRows == 10)
        #expect(params.timeoutMs == 1000)
        #expect(params.maxRows == nil)
        #expect(params.keep)
    }

    @Test func absentMembersHaveTheirDefaults() throws {
        let call = try decode(.queryRun, #"{"sql":"SELECT 1","projectId":"\#(id)"}"#)
        #expect(call == .queryRun(QueryRunParams(projectId: id, sql: "SELECT 1")))
        guard case .queryRun(let params) = call else { return #expect(Bool(false)) }
        #expect(params.mode == .read)
        #expect(!params.keep)
    }

    @Test func anEscapedMemberNameIsTheSameName() throws {
        let call = try decode(.projectGet, #"{"\u0070roject\u0049d":"\#(id)"}"#)
        #expect(call == .projectGet(ProjectGetParams(projectId: id)))
    }

    @Test func progressTokensAreSkipped() throws {
        let call = try decode(.projectGet, #"{"workDoneToken":"t","projectId":"\#(id)","partialResultToken":7}"#)
        #expect(call == .projectGet(ProjectGetParams(projectId: id)))
        #expect(throws: JSONMismatch(at: 17, "must be a string or an integer")) {
            try decode(.projectGet, #"{"workDoneToken":{},"projectId":"\#(id)"}"#)
        }
    }

    // MARK: By position

    @Test func readsByPosition() throws {
        #expect(try decode(.projectGet, #"["\#(id)"]"#) == .projectGet(ProjectGetParams(projectId: id)))
        #expect(try decode(.projectGet, #" [ "\#(id)" ] "#) == .projectGet(ProjectGetParams(projectId: id)))
    }

    @Test func refusesTooManyAndTooFewPositions() {
        #expect(throws: JSONMismatch(at: 41, "is one parameter too many; there is only one")) {
            try decode(.projectGet, #"["\#(id)", 1]"#)
        }
        #expect(throws: JSONMismatch(at: 0, member: "projectId", "is missing")) { try decode(.projectGet, "[]") }
    }

    @Test func refusesPositionsWhereThereAreMoreThanTwoParams() {
        #expect(throws: JSONMismatch(at: 0, "must be an object")) { try decode(.queryRun, #"["\#(id)", "SELECT 1"]"#) }
    }

    // MARK: Refusals

    @Test(arguments: [
        (#"{"name":"a","readonly":true}"#, 12, "is not a known member; did you mean `readOnly`?"),
        (#"{"nmae":"a"}"#, 1, "is not a known member; did you mean `name`?"),
        (#"{"\u0078":1}"#, 1, "is not a known member"),
        (#"{"":1}"#, 1, "is not a known member"),
        (#"{"name":""}"#, 8, "must not be empty"),
        (#"{"name":1}"#, 8, "must be a string"),
        (#"{"name":null}"#, 8, "must be a string"),
        (#"{"description":null}"#, 15, "must not be null; leave it out instead"),
        (#"{"readOnly":null}"#, 12, "must not be null; leave it out instead"),
        (#"{"readOnly":"true"}"#, 12, "must be true or false"),
        (#"{"databaseType":"oracle"}"#, 16, "must be one of postgresql, mysql, sqlite"),
        (#"{"databaseType":["sqlite"]}"#, 16, "must be a string"),
        (#""name""#, 0, "must be an object"),
        ("null", 0, "must be an object"),
    ])
    func refuses(_ text: String, _ offset: Int, _ reason: String) {
        #expect(throws: JSONMismatch(at: offset, reason)) { try decode(.projectCreate, text) }
    }

    @Test func aVeryLongUnknownNameGetsNoSuggestion() {
        let name = String(repeating: "n", count: 100_000)
        #expect(throws: JSONMismatch(at: 1, "is not a known member")) { try decode(.projectCreate, "{\"\(name)\":1}") }
    }

    @Test func aMissingMemberIsNamedAtItsObject() {
        #expect(throws: JSONMismatch(at: 1, member: "databaseType", "is missing")) {
            try decode(.projectCreate, #" {"name":"a","connectionString":"b"}"#)
        }
    }

    @Test func absentParamsAreAnEmptyObject() throws {
        #expect(try Call.decode(.systemHealth, params: nil) == .systemHealth)
        #expect(throws: JSONMismatch(at: 0, member: "projectId", "is missing")) { try Call.decode(.projectGet, params: nil) }
        guard case .projectList = try Call.decode(.projectList, params: nil) else { return #expect(Bool(false)) }
    }

    @Test func lengthsCountScalars() throws {
        func create(_ name: String) -> String { #"{"name":"\#(name)","databaseType":"sqlite","connectionString":"a"}"# }
        // Two scalars, eight bytes and one character each.
        let flag = "🇫🇷"
        _ = try decode(.projectCreate, create(String(repeating: flag, count: 50)))
        #expect(throws: JSONMismatch(at: 8, "must have at most 100 characters")) {
            try decode(.projectCreate, create(String(repeating: flag, count: 50) + "x"))
        }
        _ = try decode(.projectCreate, create(String(repeating: "x", count: 100)))
        #expect(throws: JSONMismatch(at: 8, "must have at most 100 characters")) {
            try decode(.projectCreate, create(String(repeating: "x", count: 101)))
        }
        // An escape is one scalar however long it is written.
        _ = try decode(.projectCreate, create(String(repeating: "\\u0041", count: 100)))
    }

    @Test(arguments: [
        ("0", false), ("1", true), ("1000", true), ("1001", false), ("1.5", false), ("\"5\"", false), ("-1", false),
    ])
    func rangesHoldAtBothEnds(_ rows: String, _ fits: Bool) {
        let text = #"{"projectId":"\#(id)","sql":"x","pageRows":\#(rows)}"#
        #expect(((try? decode(.queryRun, text)) != nil) == fits)
    }

    @Test func aRangeSaysItsEnds() {
        #expect(throws: JSONMismatch(at: 12, "must be from 1 to 1000")) { try decode(.queryRun, #"{"pageRows":1001}"#) }
    }

    @Test func anArrayHasAMostLength() {
        let items = Array(repeating: "1", count: 32767).joined(separator: ",")
        #expect(throws: JSONMismatch(at: 14, "must have at most 32766 items")) {
            try decode(.queryRun, #"{"parameters":[\#(items)]}"#)
        }
    }

    @Test func formatsAreChecked() {
        #expect(throws: JSONMismatch(at: 13, "must be a UUID, like 01890a5d-ac96-774b-bcce-b302099a8057")) {
            try decode(.projectGet, #"{"projectId":"01890a5d-ac96-774b-bcce-b302099a805g"}"#)
        }
    }

    // MARK: Methods

    @Test func methodsWithoutParamsRefuseSome() throws {
        #expect(try decode(.systemHealth, "{}") == .systemHealth)
        #expect(try decode(.systemHealth, "[]") == .systemHealth)
        #expect(try decode(.systemHealth, #"{"workDoneToken":1}"#) == .systemHealth)
        #expect(throws: JSONMismatch(at: 1, "is not a known member")) { try decode(.systemHealth, #"{"verbose":true}"#) }
        #expect(throws: JSONMismatch(at: 1, "is one parameter too many; the method has none")) {
            try decode(.systemHealth, "[1]")
        }
    }

    @Test func methodsWithNamesOfLSPIgnoreUnknownMembers() throws {
        let text = #"{"processId":null,"rootUri":null,"x":{"y":[1]},"clientInfo":{"name":"e","build":3},"token":null}"#
        guard case .initialize(let params) = try decode(.initialize, text) else { return #expect(Bool(false)) }
        #expect(params.clientInfo == ClientInfo(name: "e"))
        #expect(params.processId?.string == "null")
        #expect(params.token == nil)
        #expect(try decode(.shutdown, "null") == .shutdown)
    }

    @Test func everyMethodIsFoundByItsNameAndNothingElse() {
        for method in Method.allCases {
            #expect(find(method.name) == method)
            #expect(find(method.name + "x") == nil)
            #expect(find(String(method.name.dropLast())) != method)
            #expect(find(method.name.uppercased()) == nil)
        }
        #expect(find("") == nil)
    }

    @Test func whatTheTransportAsksOfAMethod() {
        #expect(Method.authLogin.access == .public)
        #expect(Method.queryRun.access == .session)
        #expect(Method.authLogin.ordering == .barrier)
        #expect(Method.systemHealth.execution == .inline)
        #expect(Method.queryRun.execution == .task)
        #expect(Method.cancelRequest.kind == .notification)
        #expect(Method.queryRun.kind == .request)
    }

    // MARK: Help

    @discardableResult private func decode(_ method: Method, _ text: String) throws(JSONMismatch) -> Call {
        // Memory of exactly the text's size, so that reading past its end shows under the address sanitizer.
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        defer { bytes.deallocate() }
        bytes.copyBytes(from: text.utf8)
        return try Call.decode(method, params: UnsafeRawBufferPointer(bytes))
    }

    private func find(_ name: String) -> Method? { Array(name.utf8).withUnsafeBytes { Method(name: $0) } }
}
