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

    /// The relations from one to another, on a shortest way of at most `stepsMax` steps, without the first and with the last; nil if
    /// there is none.
    ///
    /// - Parameter degreeMax: the way does not lead through relations that have more neighbours than this: what everything refers
    ///   to, such as a table of tenants, joins nothing in particular.
    func way(_ start: Int, _ end: Int, stepsMax: Int, degreeMax: Int = .max) -> [Int]? {
        if start == end { return [] }
        var cameFrom = [Int32](repeating: -1, count: neighbours.count)
        cameFrom[start] = Int32(start)
        var front = [Int32(start)]
        for _ in 0..<stepsMax where !front.isEmpty && cameFrom[end] < 0 {
            var next: [Int32] = []
            for place in front where Int(place) == start || neighbours[Int(place)].count <= degreeMax {
                for other in neighbours[Int(place)] where cameFrom[Int(other)] < 0 {
                    cameFrom[Int(other)] = place
                    next.append(other)
                }
            }
            front = next
        }
        guard cameFrom[end] >= 0 else { return nil }
        var way: [Int] = []
        var place = end
        while place != start {
            way.append(place)
            place = Int(cameFrom[place])
        }
        return way.reversed()
    }
}
