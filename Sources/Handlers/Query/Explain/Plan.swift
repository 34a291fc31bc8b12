import Protocol

/// A plan in the form that is the same for all engines, filled node by node.
struct Plan {
    private(set) var nodes: [PlanNode] = []
    private(set) var isTruncated = false
    var planningMs: Double?
    var executionMs: Double?
    private let nodesMax: Int

    init(nodesMax: Int) { self.nodesMax = nodesMax }

    /// Adds a node under one that was added before; nil when the plan has as many as it may.
    mutating func add(_ operation: String, under parent: Int?) -> Int? {
        guard nodes.count < nodesMax else {
            isTruncated = true
            return nil
        }
        nodes.append(PlanNode(id: nodes.count, parentId: parent, operation: operation))
        return nodes.count - 1
    }

    mutating func change(_ id: Int, _ body: (inout PlanNode) -> Void) { body(&nodes[id]) }

    /// There is more than the nodes show.
    mutating func truncate() { isTruncated = true }

    /// The three nodes that take most on their own: of time if that was measured, else of cost, else of rows.
    var costliest: [Int] {
        for measure in [\PlanNode.actualMs, \.cost] where nodes.contains(where: { $0[keyPath: measure] != nil }) {
            var own = nodes.map { $0[keyPath: measure] ?? 0 }
            for node in nodes { if let parent = node.parentId { own[parent] -= node[keyPath: measure] ?? 0 } }
            return largest(own)
        }
        return largest(nodes.map { $0.rows ?? 0 })
    }

    private func largest(_ values: [Double]) -> [Int] {
        values.indices.filter { values[$0] > 0 }.sorted { (values[$1], $0) < (values[$0], $1) }.prefix(3).map { $0 }
    }
}

extension PlanNode {
    /// Adds a condition or the like to what the node says of itself.
    mutating func note(_ text: String) { detail = detail.map { $0 + "; " + text } ?? text }
}
