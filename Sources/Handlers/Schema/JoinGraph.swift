import Databases

/// Relations as they are linked by foreign keys, in either direction.
struct JoinGraph {
    private let catalogue: Catalogue

    init(_ catalogue: Catalogue) { self.catalogue = catalogue }

    /// Foreign keys within `depth` steps of a relation, the nearest first.
    func foreignKeys(from start: Int, depth: Int) -> [Int] {
        var found: [Int] = []
        var seen: Set<Int> = []
        var reached: Set<Int> = [start]
        var front = [start]
        for _ in 0..<depth where !front.isEmpty {
            var next: [Int] = []
            for relation in front {
                for link in links(of: relation) {
                    if seen.insert(link).inserted { found.append(link) }
                    let other = otherEnd(of: link, from: relation)
                    if reached.insert(other).inserted { next.append(other) }
                }
            }
            front = next
        }
        return found
    }

    /// One step of a path: the foreign key that is followed, and where it leads.
    struct Step: Equatable {
        var foreignKey: Int
        var from: Int
        var to: Int
    }

    /// The shortest path; nil if there is none of at most `depth` steps. Of paths as short, the one whose foreign keys come first.
    func path(from start: Int, to end: Int, depth: Int) -> [Step]? {
        if start == end { return [] }
        var cameBy: [Int: Step] = [:]
        var front = [start]
        for _ in 0..<depth where cameBy[end] == nil && !front.isEmpty {
            var next: [Int] = []
            for relation in front {
                for link in links(of: relation) {
                    let other = otherEnd(of: link, from: relation)
                    guard other != start, cameBy[other] == nil else { continue }
                    cameBy[other] = Step(foreignKey: link, from: relation, to: other)
                    next.append(other)
                }
            }
            front = next
        }
        var path: [Step] = []
        var place = end
        while place != start {
            guard let step = cameBy[place] else { return nil }
            path.append(step)
            place = step.from
        }
        return path.reversed()
    }

    /// Other foreign keys between the same two relations.
    func alternatives(to step: Step) -> [Int] {
        links(of: step.from).filter { $0 != step.foreignKey && otherEnd(of: $0, from: step.from) == step.to }
    }

    private func links(of relation: Int) -> [Int] {
        let relation = catalogue.relations[relation]
        // One that refers to its own relation is in both.
        return relation.foreignKeys
            + relation.referencedBy.filter { catalogue.foreignKeys[$0].from != catalogue.foreignKeys[$0].to }
    }

    private func otherEnd(of link: Int, from relation: Int) -> Int {
        let key = catalogue.foreignKeys[link]
        return key.from == relation ? key.to : key.from
    }
}
