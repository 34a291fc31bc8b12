import SpecGenCore
import Testing

/// What SpecGen refuses, and where it says the mistake is.
@Suite struct RefusalTests {
    private let path = "spec/methods/thing.get.yaml"

    @Test func theFixtureIsRight() { #expect(SpecFixture().problems == []) }

    /// One mistake a row: the members of `thing.get` that make it, and the message.
    @Test(
        arguments: [
            (["paramz": "{}"], "9:1: error: unknown member `paramz` of a method"),
            (["params": "{id: {type: string, minLen: 1, description: x}}"], "unknown member `minLen` of a schema of type string"),
            (["params": "{id: {type: object, properties: {}, description: x}}"], "a nested object must be a type of its own"),
            (["params": "{id: {type: string, enum: [a], description: x}}"], "an enum must be a type of its own"),
            (["params": "{id: {$ref: Nothing, description: x}}"], "unknown type `Nothing`"),
            (["params": "{id: {$ref: Kind, minLength: 1, description: x}}"], "unknown member `minLength` of a reference"),
            (["params": "{id: {type: text, description: x}}"], "unknown type `text`"),
            (["params": "{id: {type: string}}"], "member `description` is missing"),
            (["params": "{id: {description: x}}"], "a schema needs `type` or `$ref`"),
            (["params": "{id: {type: string, optional: true, nullable: true, description: x}}"], "never both"),
            (["params": "{id: {type: string, optional: true, default: a, description: x}}"], "neither optional nor nullable"),
            (["params": "{id: {type: string, default: 1, description: x}}"], "the default must be a string, not an integer"),
            (["params": "{id: {$ref: Kind, default: huge, description: x}}"], "must be one of small, large, not `huge`"),
            (["params": "{id: {type: string, minLength: 2, maxLength: 1, description: x}}"], "`minLength` is above its maximum"),
            (["params": "{id: {type: string, minLength: -1, description: x}}"], "`minLength` must not be negative"),
            (["params": "{id: {type: string, format: url, description: x}}"], "`format` must be one of uuid"),
            (["params": "{id: {type: array, description: x}}"], "member `items` is missing"),
            (["params": "{bad-name: {type: string, optional: true, description: x}}"], "`bad-name` cannot be a member name"),
            (["params": "[id]"], "`params` must be a mapping of names to schemas, not a list"),
            (["errors": "[invalid_params, not_found, gone]"], "unknown error code `gone`"),
            (["errors": "[not_found, not_found]"], "`not_found` is in `errors` twice"),
            (["ordering": "sometimes"], "`ordering` must be one of read, write, barrier, not `sometimes`"),
            (["ordering": nil], "member `ordering` is missing"),
            (["access": nil], "member `access` is missing"),
            (["summary": nil], "member `summary` is missing"),
            (["summary": "' '"], "`summary` must not be empty"),
            (["result": nil], "a request needs a `result`"),
            (["kind": "notification"], "a notification has no result"),
            (["result": "{$ref: Kind}"], "a result must be an object; `Kind` is none"),
            (["result": "{type: string}"], "`result` must be"),
            (["examples": nil], "a toServer method needs at least one example"),
            (["direction": "toClient"], "a toClient method must be a notification"),
        ] as [([String: String?], String)])
    func refusesInAMethod(_ changes: [String: String?], _ message: String) {
        let problems = SpecFixture(method: changes).problems
        #expect(problems.contains { $0.hasPrefix(path) && $0.contains(message) }, "\(problems)")
    }

    @Test(arguments: [
        ("{name: a, params: {}, result: {id: 01890a5d-ac96-774b-bcce-b302099a8057, kind: small}}", "params.id is missing"),
        ("{name: a, params: {id: ''}, error: not_found}", "params.id must have at least 1 characters"),
        ("{name: a, params: {id: 1}, error: not_found}", "params.id must be a string, not an integer"),
        ("{name: a, params: {id: a, ids: b}, error: not_found}", "params has no member `ids`"),
        ("{name: a, params: [a, b], error: not_found}", "params by position"),
        ("{name: a, params: {id: a}, error: gone}", "unknown error code `gone`"),
        ("{name: a, params: {id: a}, result: {id: nonsense, kind: small}}", "result.id is not of the format uuid"),
        ("{name: a, params: {id: a}, result: {id: \"${thing}\", kind: small}}", "unknown placeholder `${thing}`"),
        ("{name: a, params: {id: a}, result: {id: \"${queryId}\", kind: huge}}", "result.kind must be one of"),
        ("{name: a, params: {id: a}, result: {id: \"${queryId}\"}}", "result.kind is missing"),
        ("{name: a, params: {id: a}}", "needs `result` or `error`"),
        ("{name: a, params: {id: a}, result: {}, error: not_found}", "either `result` or `error`"),
    ])
    func refusesAnExampleThatDoesNotFit(_ example: String, _ message: String) {
        let problems = SpecFixture(method: ["examples": "[\(example)]"]).problems
        #expect(problems.contains { $0.hasPrefix("\(path):8:") && $0.contains(message) }, "\(problems)")
    }

    @Test func anExampleOfInvalidParamsNeedNotFit() {
        #expect(SpecFixture(method: ["examples": "[{name: a, params: {x: 1}, error: invalid_params}]"]).problems == [])
    }

    @Test func refusesADuplicateMember() {
        let problems = SpecFixture(path, SpecFixture.method() + "summary: Again.\n").problems
        #expect(problems.count == 1)
        #expect(problems.first?.contains("duplicate member `summary`") == true, "\(problems)")
    }

    @Test func refusesAFileOutsideTheFormat() {
        let problems = SpecFixture("spec/extra.yaml", "a: 1").problems
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("spec/extra.yaml:1:1: error: is not a file of the spec") == true, "\(problems)")
    }

    @Test func refusesAMissingFile() {
        let problems = SpecFixture("spec/info.yaml", nil).problems
        #expect(problems.contains("spec/info.yaml:1:1: error: the file is missing"))
    }

    @Test func refusesWhatIsNoYAML() {
        let problems = SpecFixture("spec/info.yaml", "title: [").problems
        #expect(problems.contains { $0.hasPrefix("spec/info.yaml:") && $0.contains("is not YAML") }, "\(problems)")
    }

    @Test(arguments: [
        ("Thing2:\n  description: x\n  type: object\n  properties: {}\n", "`Thing2` is used by no method"),
        ("error:\n  description: x\n  type: object\n  properties: {}\n", "`error` cannot be a type name"),
        ("Empty:\n  description: x\n  type: object\n  properties: {}\n", "`Empty` is taken"),
        ("Size:\n  description: x\n  type: string\n  enum: [a_b, aB]\n", "would both be `aB` in Swift"),
        ("Size:\n  type: string\n  enum: [a]\n", "member `description` is missing"),
        (
            "Loop:\n  description: x\n  type: object\n  properties: {again: {$ref: Loop, optional: true, description: x}}\n",
            "contains itself"
        ),
    ])
    func refusesAType(_ type: String, _ message: String) {
        let fixture = SpecFixture()
        let types = (fixture.files["spec/types.yaml"] ?? "") + "\n" + type
        let problems = SpecFixture("spec/types.yaml", types).problems
        #expect(problems.contains { $0.hasPrefix("spec/types.yaml:") && $0.contains(message) }, "\(problems)")
    }

    @Test(arguments: [
        (
            "spec/errors.yaml",
            "- {code: a, number: 1, retryable: false, meaning: x}\n- {code: a, number: 2, retryable: false, meaning: x}",
            "duplicate error code `a`"
        ),
        ("spec/errors.yaml", "- {code: a, retryable: false, meaning: x}", "member `number` is missing"),
        ("spec/limits.yaml", "- {name: header, value: 1, unit: bytes, configurable: true, description: x}", "ends in `Bytes`"),
        (
            "spec/limits.yaml", "- {name: aMs, value: x, unit: ms, configurable: true, description: x}",
            "`value` must be an integer"
        ),
        (
            "spec/info.yaml", "title: a\nversion: 1.0.0\ndescription: x\nlicense: MIT\nauthor: me",
            "5:1: error: unknown member `author`"
        ),
    ])
    func refusesATable(_ path: String, _ text: String, _ message: String) {
        let problems = SpecFixture(path, text).problems
        #expect(problems.contains { $0.hasPrefix(path) && $0.contains(message) }, "\(problems)")
    }

    @Test func refusesATypeReadBothStrictlyAndLeniently() {
        var fixture = SpecFixture(method: [
            "params": "{thing: {$ref: Thing, optional: true, description: x}}", "examples": "[{name: a, error: not_found}]",
        ])
        fixture.files["spec/methods/thing.peek.yaml"] = fixture.files[path].map { $0 + "unknownMembers: ignore\n" }
        #expect(fixture.problems.contains { $0.contains("`Thing` is read by methods that ignore unknown members and") })
    }

    @Test func refusesAnExampleThatLacksALimit() {
        let result = "{type: object, properties: {limits: {$ref: Limits, description: x}}}"
        func problems(_ limits: String) -> [String] {
            let fixture = SpecFixture(method: [
                "result": result, "examples": "[{name: a, params: {id: a}, result: {limits: \(limits)}}]",
            ])
            return fixture.problems.filter { !$0.contains("is used by no method") }
        }
        #expect(problems("{headerBytes: 1}") == [])
        #expect(problems("{}").contains { $0.contains("result.limits.headerBytes is missing") })
        #expect(problems("{headerBytes: 1, x: 2}").contains { $0.contains("there is no limit `x`") })
    }

    @Test func namesEveryMistakeOfARun() {
        let problems = SpecFixture(method: ["ordering": "x", "access": "y", "params": "{id: {type: z, description: x}}"]).problems
        #expect(problems.count >= 3, "\(problems)")
        #expect(problems == problems.sorted { $0.split(separator: ":")[1] < $1.split(separator: ":")[1] })
    }
}
