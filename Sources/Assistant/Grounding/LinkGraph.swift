import Databases

/// Relations as foreign keys link them, in either direction.
struct LinkGraph: Sendable {
    /// By place, the relations at the other ends, those referred to first, each once.
    private let neighbours: [[Int32]]

    init(_ catalogue: Catalogue) {
        neighbours = catalogue.relations.indices.map { place in
            let relation = catalogue.relations[place]
            var others: [Int32] = []
            for key in relation.foreignKeys { others.append(Int32(catalogue.foreignKeys[key].to)) }
            for key in relation.referencedBy { others.append(Int32(catalogue.foreignKeys[key].from)) }
            var seen: Set<Int32> = [Int32(place)]
            return others.filter { seen.insert($0).inserted }
        }
    }

    func neighbours(of place: Int) -> [Int] { neighbours[place].map(Int.init) }

    /// The relations between two, on a shortest way of at most `stepsMax` steps; nil if there is none, empty if they are neighbours.
    func between(_ start: Int, _ end: Int, stepsMax: Int) -> [Int]? {
        if start == end { return [] }
        var cameFrom: [Int32: Int32] = [Int32(start): Int32(start)]
        var front = [Int32(start)]
        for _ in 0..<stepsMax where !front.isEmpty && cameFrom[Int32(end)] == nil {
            var next: [Int32] = []
            for place in front {
                for other in neighbours[Int(place)] where cameFrom[other] == nil {
                    cameFrom[other] = place
                    next.append(other)
                }
            }
            front = next
        }
        guard var place = cameFrom[Int32(end)] else { return nil }
        var way: [Int] = []
        while place != Int32(start) {
            way.append(Int(place))
            place = cameFrom[place] ?? Int32(start)
        }
        return way.reversed()
    }
}
