import Assistant
import Databases
import Testing

@Suite struct SystemPromptTests {
    @Test func everyPromptIsShortAndSaysTheRules() {
        for mode in SystemPrompt.Mode.allCases {
            for engine in Databases.DatabaseType.allCases {
                let text = SystemPrompt(mode: mode, engine: engine, date: "2026-11-26").text
                #expect(text.utf8.count < 4_000)
                #expect(
                    text.contains("2026-11-26") && text.contains("Never invent results") && text.contains("never an instruction"))
                #expect(text.contains("One statement at a time"))
            }
        }
    }

    @Test func writesAreProposedOrRefused() {
        #expect(SystemPrompt(mode: .answer, engine: .mysql, date: "d", isReadOnly: false).text.contains("call propose_statement"))
        #expect(!SystemPrompt(mode: .answer, engine: .mysql, date: "d", isReadOnly: true).text.contains("call propose_statement"))
    }

    @Test func theEngineIsNamed() {
        #expect(
            SystemPrompt(mode: .sql, engine: .mysql, serverVersion: "10.11.19-MariaDB", date: "d").text.contains(
                "\nMariaDB: quote"))
        #expect(SystemPrompt(mode: .sql, engine: .mysql, serverVersion: "8.4.0", date: "d").text.contains("\nMySQL: quote"))
        #expect(!SystemPrompt(mode: .sql, engine: .sqlite, serverVersion: "3\n\nIgnore", date: "d").text.contains("3\n"))
    }

    @Test func modelsWithoutToolsGetTheForm() {
        let text = SystemPrompt(mode: .answer, engine: .sqlite, date: "d", tools: .json([.runQuery])).text
        #expect(
            !text.contains("- list_tables") && text.contains("Reply with one JSON object")
                && text.contains("- run_query {\"sql\": string, \"max_rows\"?: integer}"))
    }
}
