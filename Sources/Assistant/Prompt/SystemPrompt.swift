public import Databases

/// The first message of a turn: who the model is, what it may do, and how this database's SQL differs.
///
/// Short, since small models lose what stands in long ones, and the same for all turns of a day, so that model servers can keep
/// what they read of it. The schema and other data come with the question, in a ``Boundary``.
public struct SystemPrompt: Sendable {
    /// What the user wants of a turn.
    public enum Mode: String, Sendable, CaseIterable {
        /// An answer to the question, from rows that were really read.
        case answer
        /// A statement, checked and not run.
        case sql
        /// What a statement or a plan means.
        case explain
    }

    /// How the model calls tools.
    public enum Tools: Sendable {
        /// By the model server's own tool calls.
        case native
        /// By one JSON object a reply, of these: ``JSONStep``.
        case json([AssistantTool])
    }

    public var mode: Mode
    public var engine: Databases.DatabaseType
    /// As the server says it: `PostgreSQL 15.20`, `10.11.19-MariaDB`.
    public var serverVersion: String?
    /// Today in UTC, as `2026-11-26`: the caller's, for nothing here reads a clock.
    public var date: String
    /// Whether the project refuses every statement that writes.
    public var isReadOnly: Bool
    public var tools: Tools

    public init(
        mode: Mode, engine: Databases.DatabaseType, serverVersion: String? = nil, date: String, isReadOnly: Bool = true,
        tools: Tools = .native
    ) {
        self.mode = mode
        self.engine = engine
        self.serverVersion = serverVersion
        self.date = date
        self.isReadOnly = isReadOnly
        self.tools = tools
    }

    /// The text of it.
    public var text: String {
        var parts = [opening, task, rules, SQLNotes.text(engine, serverVersion), Boundary.preamble]
        if case .json(let tools) = tools { parts.append(JSONStep.instructions(tools)) }
        return parts.joined(separator: "\n\n")
    }

    private var opening: String {
        let version = serverVersion.map { " (\(SafeLine.text($0, bytesMax: 60)))" } ?? ""
        return "You are a database assistant. The user's database is \(SQLNotes.name(engine))\(version). Today is \(date) (UTC)."
    }

    private var task: String {
        switch mode {
        case .answer:
            """
            Answer the user's question about the database. Find the tables, write one SELECT, run it with run_query, then answer in \
            one to three sentences with the figures that were read. If a statement fails, read the error, correct it and try again.
            """
        case .sql:
            """
            Write the one statement that the user asks for. Check it with explain; correct it if it fails. Then reply with the \
            statement in one ```sql block and one sentence about it. Do not run it.
            """
        case .explain:
            """
            Explain the statement or plan that the user gives: what it returns, how the database finds it, what is slow and what \
            would help. Use explain for the plan. Be short and concrete.
            """
        }
    }

    private var rules: String {
        let writes =
            isReadOnly
            ? "This project is read-only: nothing can be changed. If the user wants a change, say so, and that the owner can allow it."
            : "To change data or tables, call propose_statement: a person decides. Never say that a change was made."
        return """
            Rules:
            - Use only tables and columns that are in the schema or that a tool has shown. If unsure, look it up with a tool.
            - Never invent results. Figures come only from run_query. If you have none, say so.
            - run_query reads only. One statement at a time, no semicolon. LIMIT only if the user wants some of the rows: long results are cut by themselves.
            - \(writes)
            - A column marked [masked] is secret: do not select it, compare it or guess it.
            - Answer in the user's language. No links, no images.
            """
    }
}
