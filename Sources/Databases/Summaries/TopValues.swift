public import Protocol

/// A value that occurs often, and how often.
public struct FrequentValue: Sendable {
    /// The cell's JSON, or `$truncated` with its beginning.
    public var value: JSONText
    /// At most so often, and at least `count - overcount` times.
    public var count: Int
    public var overcount: Int
}

/// The values that occur most often, by Filtered Space-Saving (Metwally et al., 2005; Homem and Carvalho, 2010).
///
/// Exact while there are no more different values than `capacity`. Beyond it, values that are not kept are counted together, by
/// groups of hashes, and one whose group has come as often as the rarest that is kept takes its place, with the group's count. So every
/// value with more than 1/capacity of all occurrences is kept, and no count is too high by more than that share.
struct TopValues {
    private struct Slot {
        var hash: UInt64
        var count: Int
        var overcount: Int
        var value: JSONText
        var place: Int
    }

    let capacity: Int
    private var slots: [Slot] = []
    private var slotOfHash: [UInt64: Int] = [:]
    /// Slots as a binary heap, the rarest first; made when all slots are taken.
    private var heap: [Int] = []
    /// Of each group, no fewer occurrences than any value in it that is not kept has had; made with the heap.
    private var groups: [UInt32] = []

    init(capacity: Int) { self.capacity = capacity }

    /// `value` is asked for only if the value becomes one of those kept.
    mutating func add(_ hash: UInt64, _ value: () -> JSONText) {
        if let slot = slotOfHash[hash] {
            slots[slot].count += 1
            if !heap.isEmpty { siftDown(slots[slot].place) }
            return
        }
        guard slots.count == capacity else {
            slotOfHash[hash] = slots.count
            slots.append(Slot(hash: hash, count: 1, overcount: 0, value: value(), place: 0))
            return
        }
        guard capacity > 0 else { return }
        if heap.isEmpty { makeHeap() }
        let slot = heap[0]
        let group = group(hash)
        let others = Int(groups[group])
        guard others + 1 >= slots[slot].count else {
            groups[group] += 1
            return
        }
        groups[self.group(slots[slot].hash)] = UInt32(clamping: slots[slot].count)
        slotOfHash[slots[slot].hash] = nil
        slotOfHash[hash] = slot
        slots[slot].hash = hash
        slots[slot].overcount = others
        slots[slot].count = others + 1
        slots[slot].value = value()
        siftDown(0)
    }

    /// The most frequent first; among equals the one that came first. Those that may well be rare are left out: half of their count or
    /// more is not theirs for certain.
    func top(_ count: Int) -> [FrequentValue] {
        slots.enumerated().filter { $1.overcount * 2 < $1.count }
            .sorted { $0.element.count != $1.element.count ? $0.element.count > $1.element.count : $0.offset < $1.offset }
            .prefix(count).map { FrequentValue(value: $1.value, count: $1.count, overcount: $1.overcount) }
    }

    // MARK: The heap

    private func group(_ hash: UInt64) -> Int { Int(hash % UInt64(groups.count)) }

    private mutating func makeHeap() {
        groups = [UInt32](repeating: 0, count: capacity * 16)
        heap = Array(slots.indices)
        for place in heap.indices { slots[heap[place]].place = place }
        for place in stride(from: heap.count / 2, through: 0, by: -1) { siftDown(place) }
    }

    private mutating func siftDown(_ start: Int) {
        var place = start
        while true {
            let child = 2 * place + 1
            guard child < heap.count else { return }
            var least = slots[heap[child]].count < slots[heap[place]].count ? child : place
            if child + 1 < heap.count, slots[heap[child + 1]].count < slots[heap[least]].count { least = child + 1 }
            guard least != place else { return }
            heap.swapAt(place, least)
            slots[heap[place]].place = place
            slots[heap[least]].place = least
            place = least
        }
    }
}
