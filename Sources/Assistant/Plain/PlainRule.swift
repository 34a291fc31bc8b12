/// One thing that can be asked, and the words it is asked in.
struct PlainRule: Sendable {
    /// What names a rule needs besides its words.
    enum Slots: Sendable {
        case none
        case relation
        /// One relation or two.
        case relations
        /// A name that need not be a relation's.
        case column
    }

    enum Answer: Sendable {
        case capabilities, lastFailure, recentErrors, slowest, frequent, largest, withColumn, related, count, columns, describe
        case sample, list, listViews
    }

    var answer: Answer
    var slots: Slots
    /// The question has a word of each.
    var groups: [Set<String>]
    /// Words that it may have besides, with the fillers. Any other word makes it another question.
    var also: Set<String>
    /// Words that it must not have, as they are written.
    var never: Set<String>
    /// Of these, one of the first kind comes before all of the second, where both are there.
    var order: (first: Set<String>, then: Set<String>)?

    init(
        _ answer: Answer, _ slots: Slots, _ groups: [String], also: String = "", never: String = "",
        order: (String, String)? = nil
    ) {
        self.answer = answer
        self.slots = slots
        self.groups = groups.map(PlainVocabulary.set)
        self.also = PlainVocabulary.set(also)
        self.never = Set(never.split(separator: " ").map(String.init))
        self.order = order.map { (PlainVocabulary.set($0.0), PlainVocabulary.set($0.1)) }
    }

    /// Every word that it may have.
    func allows(_ stem: String) -> Bool {
        PlainVocabulary.fillers.contains(stem) || also.contains(stem) || groups.contains { $0.contains(stem) }
    }

    /// Whether a number in the question says how many are wanted.
    var takesLimit: Bool {
        switch answer {
        case .sample, .slowest, .frequent, .largest, .recentErrors: true
        case .capabilities, .lastFailure, .withColumn, .related, .count, .columns, .describe, .list, .listViews: false
        }
    }

    private static let queries = "query queries statement sql request call"
    private static let tables = "table relation entity"
    private static let columns = "column field attribute col"
    private static let rows = "row record entry line tuple"

    /// Tried in this order.
    static let all: [PlainRule] = [
        PlainRule(
            .capabilities, .none, ["help capability command ask capable understand"],
            also: "kind question support assistant work use something else"),
        PlainRule(.capabilities, .none, ["what how", "can able", "do ask help"], also: "kind question thing"),
        PlainRule(
            .lastFailure, .none, ["why what explain fix wrong", "fail failed failing error wrong broke broken break work"],
            also:
                "last latest previous recent go went happen happened not doesn didn t \(queries) run ran reason cause message just",
            never: "errors"),
        PlainRule(
            .lastFailure, .none, ["last latest previous recent", "error failure problem"],
            also: "\(queries) message detail explain fix why wrong",
            never: "errors failures problems"),
        PlainRule(
            .recentErrors, .none, ["error errors failure failed failing fail problem broken"],
            also: "recent recently last latest \(queries) find any today history log newest lately happen happened went wrong"),
        PlainRule(
            .slowest, .none, ["slow slowest slower long longest expensive heaviest heavy costly costliest worst", queries],
            also:
                "running run take taking took time top most performance average mean duration execution ran recent recently find identify performing which",
            never: ""),
        PlainRule(
            .slowest, .none, ["slow slowest expensive", "what which why"], also: "run running most thing top everything database"),
        PlainRule(
            .frequent, .none, ["frequent frequently common commonly often popular used repeated usual", queries],
            also: "most top run running executed ran issued use which more asked execute recent"),
        PlainRule(
            .largest, .none, ["large largest big biggest huge heaviest size space disk storage"],
            also:
                "\(tables) most top take taking use using used consume rank terms row which schema and much size occupy up how bytes mb gb view"
        ),
        PlainRule(.largest, .none, ["most", rows, tables], also: "contain hold top which number"),
        PlainRule(
            .withColumn, .column,
            [
                "\(tables) where",
                "contain containing contains with include including includes having have has column field stored called named",
                columns + " \(tables)",
            ],
            also:
                "\(columns) \(tables) named called name search find locate all use used using store stored storing appear present which",
            order: (tables + " where", columns)),
        PlainRule(
            .withColumn, .column, ["where find locate search", "\(columns) stored store live"],
            also: "name named called defined come"),
        PlainRule(
            .related, .relations,
            [
                "relate related relation relationship join joined connect connected connection link linked foreign path refer reference referenced reach"
            ],
            also:
                "key keys between together each other \(tables) with using go way work through depend on query what schema shortest fk"
        ),
        PlainRule(
            .columns, .relation, [columns + " fields"],
            also:
                "\(tables) view contain name names type types data list include made which many number count describe belong belonging",
            order: (columns + " fields", tables)),
        PlainRule(.columns, .relation, ["column field"], also: "name names list"),
        PlainRule(
            .count, .relation, ["many count number total", rows + " size exist there"],
            also:
                "\(rows) \(tables) view contain hold stored total count number overall altogether currently exactly how find compute calculate size"
        ),
        PlainRule(
            .count, .relation, ["many count number total"], also: "\(rows) \(tables) stored total exist overall altogether size"),
        PlainRule(
            .describe, .relation,
            [
                "describe desc description structure schema definition define detail details layout ddl explain about columns mean info information metadata index key constraint look inside purpose"
            ],
            also: "\(tables) view made stored store hold contain full used use know more meaning represent what explain"),
        PlainRule(
            .sample, .relation,
            [
                "sample example preview peek show display first top few some see data content rows record row list select give get fetch print random"
            ],
            also:
                "\(rows) data content value \(tables) view from sample example preview few some couple limit first top any only random take contain inside"
        ),
        PlainRule(.describe, .relation, ["what is"], also: "\(tables) view store hold contain stored kind of"),
        PlainRule(
            .listViews, .none, ["view"],
            also:
                "list many number count name names exist available defined which schema stored find materialized see display called"
        ),
        PlainRule(
            .list, .none, ["\(tables) schema structure object catalog catalogue"],
            also:
                "view list many number count name names exist available overview inside data find see display browse contain content summary summarize describe defined stored called main everything which total user layout whole"
        ),
        PlainRule(.describe, .relation, []),
        PlainRule(
            .list, .none, ["what overview describe explore summarize", "database db data"],
            also: "inside contain content stored kind is overview hold store everything explain"),
    ]
}
