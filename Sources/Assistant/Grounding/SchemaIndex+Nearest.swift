import Databases
import Protocol

extension SchemaIndex {
    /// Names longer than this are like none.
    private static let nameBytesMax = 100

    /// At most `limit` places of relations whose names are much like this one, the nearest first.
    func nearestPlaces(_ name: String, limit: Int) -> [Int] {
        let last = SQLName.parts(name).last ?? name
        let wanted = Words.folded(last)
        guard !wanted.isEmpty, wanted.utf8.count <= Self.nameBytesMax else { return [] }
        let candidates = names.similar(to: wanted, limit: 40)
        var near: [(distance: Int, name: String)] = []
        for candidate in candidates {
            let distance = EditDistance.between(candidate, wanted)
            if distance <= Self.distanceMax(wanted) { near.append((distance, candidate)) }
        }
        near.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return Array(near.flatMap { names.places(folded: $0.name).prefix(1) }.prefix(limit))
    }

    /// At most `limit` names of columns of these relations that are much like this one.
    public func nearestColumns(_ name: String, of places: [Int], limit: Int = 3) -> [String] {
        let last = SQLName.parts(name).last ?? name
        let wanted = Words.folded(last)
        guard !wanted.isEmpty, wanted.utf8.count <= Self.nameBytesMax else { return [] }
        var near: [(distance: Int, name: String)] = []
        for place in places.prefix(20) {
            let relation = catalogue.relations[place]
            for column in relation.columns {
                let folded = Words.folded(column.name)
                guard abs(folded.utf8.count - wanted.utf8.count) <= Self.distanceMax(wanted) || shares(folded, wanted) else {
                    continue
                }
                var distance = EditDistance.between(String(folded.prefix(Self.nameBytesMax)), wanted)
                // `name` for `customer_name` is no slip, and is what was meant.
                if shares(folded, wanted) { distance = min(distance, Self.distanceMax(wanted)) }
                if distance <= Self.distanceMax(wanted) { near.append((distance, "\(relation.name).\(column.name)")) }
            }
        }
        near.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return near.prefix(limit).map(\.name)
    }

    private func shares(_ column: String, _ wanted: String) -> Bool {
        guard min(column.utf8.count, wanted.utf8.count) >= 3 else { return false }
        return column.hasSuffix("_" + wanted) || wanted.hasSuffix("_" + column) || column.hasPrefix(wanted + "_")
            || wanted.hasPrefix(column + "_")
    }

    static func distanceMax(_ name: String) -> Int { name.utf8.count < 4 ? 1 : max(2, name.utf8.count / 4) }
}
