public import Protocol

/// A value that occurs often, and how often.
public struct FrequentValue: Sendable {
    /// The cell's JSON, or `$truncated` with its beginning.
    public var value: JSONText
    /// At most so often, and at least `count - overcount` times.
    public var count: Int
    public var overcount: Int
}

/// The values that occur most often, by the Space-Saving algorithm (Metwally et al., 2005).
///
/// Exact while there are no more different values than `capacity`. Beyond it a new value takes the place and the count of the rarest
/// one, so that every value with more than 1/capacity of all occurrences is there, its count too high by at most that share.
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
        slotOfHash[slots[slot].hash] = nil
        slotOfHash[hash] = slot
        slots[slot].hash = hash
        slots[slot].overcount = slots[slot].count
        slots[slot].count += 1
        slots[slot].value = value()
        siftDown(0)
    }

    /// The most frequent first; among equals the one that came first. Those that may well be rare are left out: more than half of their
    /// count is not theirs for certain.
    func top(_ count: Int) -> [FrequentValue] {
        slots.enumerated().filter { $1.overcount * 2 <= $1.count }
            .sorted { $0.element.count != $1.element.count ? $0.element.count > $1.element.count : $0.offset < $1.offset }
            .prefix(count).map { FrequentValue(value: $1.value, count: $1.count, overcount: $1.overcount) }
    }

    // MARK: The heap

    private mutating func makeHeap() {
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
