import Protocol
import Testing

@testable import Handlers

@Suite struct PlanTests {
    private func plan(_ json: String, nodesMax: Int = 100, _ read: (inout Plan, UnsafeRawBufferPointer) throws -> Void) rethrows
        -> Plan
    {
        var plan = Plan(nodesMax: nodesMax)
        try JSONText(json).withUnsafeBytes { try read(&plan, $0) }
        return plan
    }

    @Test func postgreSQL() throws {
        let plan = try plan(
            """
            [ { "Plan": { "Node Type": "Hash Join", "Join Type": "Left", "Total Cost": 30.5, "Plan Rows": 7, "Actual Rows": 5,
            "Actual Loops": 2, "Actual Total Time": 1.5, "Hash Cond": "(a.id = b.a_id)", "Output": ["x"], "Plans": [
            { "Node Type": "Seq Scan", "Relation Name": "a", "Schema": "public", "Total Cost": 10.25, "Actual Total Time": 0.5, "Actual Loops": 2 },
            { "Node Type": "Index Scan", "Relation Name": "b", "Index Name": "b_i", "Total Cost": 20 } ] },
            "Planning Time": 0.25, "Triggers": [], "Execution Time": 4 } ]
            """
        ) { try $0.readPostgreSQL($1) }
        #expect(plan.nodes.map(\.operation) == ["Hash Join", "Seq Scan", "Index Scan"])
        #expect(plan.nodes.map(\.parentId) == [nil, 0, 0])
        #expect(plan.nodes[0].detail == "Left join; Hash Cond: (a.id = b.a_id)" && plan.nodes[0].actualMs == 3)
        #expect(plan.nodes[1].relation == "public.a" && plan.nodes[2].index == "b_i")
        // 3 − 1 of its own, 1, and nothing known.
        #expect(plan.costliest == [0, 1])
        #expect(plan.planningMs == 0.25 && plan.executionMs == 4)
    }

    /// Rows of a node that ran several times are averages.
    @Test(arguments: [
        ("2.33", "2.33"), ("0.5", "0.5"), ("7", "7"), ("7.0", "7"), ("1e300", "1e+300"), ("0.66666666", "0.667"), ("2.9999", "3"),
        ("0.0001", "0.0001"),
    ])
    func fractionsAreKept(_ number: String, _ note: String) throws {
        let plan = try plan(#"[{"Plan": {"Node Type": "Seq Scan", "Rows Removed by Filter": \#(number)}}]"#) {
            try $0.readPostgreSQL($1)
        }
        #expect(plan.nodes[0].detail == "Rows Removed by Filter: \(note)")
    }

    @Test func mariaDB() throws {
        let plan = try plan(
            """
            {"query_block": {"select_id": 1, "r_total_time_ms": 2.5, "filesort": {"sort_key": "c desc", "temporary_table": {"nested_loop": [
            {"table": {"table_name": "a", "access_type": "range", "possible_keys": ["PRIMARY"], "key": "PRIMARY", "rows": 9, "filtered": 50}},
            {"table": {"table_name": "b", "access_type": "ref", "ref": ["app.a.id"], "rows": 10, "r_rows": 9.5, "r_loops": 9}}]}}}}
            """
        ) { try $0.readMySQL($1) }
        #expect(plan.nodes.map(\.operation) == ["query_block", "filesort", "temporary_table", "table", "table"])
        #expect(plan.nodes.map(\.parentId) == [nil, 0, 1, 2, 2])
        #expect(plan.nodes[3].index == "PRIMARY" && plan.nodes[3].detail == "access range; keeps 50.0 %")
        #expect(plan.nodes[4].actualRows == 9.5 && plan.nodes[4].loops == 9)
    }

    @Test func mySQL() throws {
        let plan = try plan(
            #"{"query_block": {"cost_info": {"query_cost": "12.50"}, "table": {"table_name": "t", "cost_info": {"prefix_cost": "12.50", "data_read_per_join": "1K"}}}}"#
        ) { try $0.readMySQL($1) }
        #expect(plan.nodes.map(\.cost) == [12.5, 12.5] && plan.costliest == [1])
    }

    @Test func sqlite() throws {
        let json =
            #"[[3,0,0,"SCAN a"],[5,3,0,"SEARCH b c USING COVERING INDEX b_i (a=?)"],[9,0,0,"USE TEMP B-TREE FOR ORDER BY"],[10,0,0,"SCAN CONSTANT ROW"]]"#
        let plan = try plan(json) { try $0.readSQLite($1) }
        #expect(plan.nodes.map(\.operation) == ["SCAN", "SEARCH", "USE TEMP B-TREE", "SCAN"])
        #expect(
            plan.nodes.map(\.relation) == ["a", "b c", nil, nil] && plan.nodes[1].index == "b_i" && plan.nodes[1].parentId == 0)
        let text = try JSONText(json).withUnsafeBytes { (bytes) throws(JSONMismatch) in try Plan.sqliteJSON(bytes) }
        #expect(text.string.hasPrefix(#"[{"id":3,"parent":0,"detail":"SCAN a"},{"id":5,"#))
        #expect(try self.plan(json, nodesMax: 2) { try $0.readSQLite($1) }.isTruncated)
    }

    /// What is no plan is refused or ignored, and never brings anything down.
    @Test(arguments: [
        "[]", "{}", "[[]]", "null", "7", "[{}]", #"[{"Plan": 7}]"#, #"{"query_block": []}"#, #"[{"Plan": {"Plans": {}}}]"#,
    ])
    func nonsense(json: String) {
        for engine in 0..<3 {
            _ = try? plan(json) { plan, bytes in
                switch engine {
                case 0: try plan.readPostgreSQL(bytes)
                case 1: try plan.readMySQL(bytes)
                default: try plan.readSQLite(bytes)
                }
            }
        }
    }
}
