/// The keys seen so far in the objects that are open: finds a second equal key in constant time.
///
/// One open-addressing table serves all objects of a text: an entry belongs to an object by number and to a text by
/// generation, so nothing is cleared between texts. The hash is seeded per process, so keys cannot be chosen to collide.
struct JSONKeyTable {
    private struct Entry {
        var generation: UInt32 = 0
        var object: UInt32 = 0
        var hash: UInt64 = 0
        var start: Int = 0
        var end: Int = 0
        var escaped = false
    }

    private static let seed = UInt64.random(in: .min ... .max)

    private var entries = [Entry](repeating: Entry(), count: 64)
    private var generation: UInt32 = 0
    private var used = 0
    private var lastObject: UInt32 = 0
    /// The number of the object open at each depth.
    private var open = [UInt32](repeating: 0, count: 65)

    mutating func clear() {
        if entries.count > 4096 { entries = [Entry](repeating: Entry(), count: 64) }
        generation &+= 1
        if generation == 0 {
            entries = [Entry](repeating: Entry(), count: entries.count)
            generation = 1
        }
        used = 0
        lastObject = 0
    }

    /// A new object begins at `depth`.
    mutating func enter(_ depth: Int) {
        lastObject &+= 1
        open[depth] = lastObject
    }

    /// Adds the quoted key at `start..<end` to the object open at `depth`; false if that object has it already.
    mutating func insert(_ bytes: UnsafeRawBufferPointer, start: Int, end: Int, escaped: Bool, depth: Int) -> Bool {
        if used &* 2 >= entries.count { grow() }
        let object = open[depth]
        let hash = Self.hash(bytes, start, end, escaped) ^ UInt64(object) &* 0x9E37_79B9_7F4A_7C15
        var slot = Int(truncatingIfNeeded: hash) & (entries.count &- 1)
        while entries[slot].generation == generation {
            let entry = entries[slot]
            if entry.object == object, entry.hash == hash, Self.equal(bytes, entry, start, end, escaped) { return false }
            slot = (slot &+ 1) & (entries.count &- 1)
        }
        entries[slot] = Entry(generation: generation, object: object, hash: hash, start: start, end: end, escaped: escaped)
        used &+= 1
        return true
    }

    private mutating func grow() {
        let old = entries
        entries = [Entry](repeating: Entry(), count: old.count * 2)
        for entry in old where entry.generation == generation {
            var slot = Int(truncatingIfNeeded: entry.hash) & (entries.count &- 1)
            while entries[slot].generation == generation { slot = (slot &+ 1) & (entries.count &- 1) }
            entries[slot] = entry
        }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int, _ escaped: Bool) -> UInt64 {
        guard !escaped else {
            return unescaped(bytes, start, end).withUnsafeBytes { hash($0) }
        }
        return hash(UnsafeRawBufferPointer(rebasing: bytes[(start &+ 1)..<(end &- 1)]))
    }

    /// Eight bytes a step, each mixed by a 64×64→128 multiplication folded in half.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = seed ^ UInt64(bytes.count)
        var index = 0
        while index &+ 8 <= bytes.count {
            state = mix(state ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index &+= 8
        }
        var tail: UInt64 = 0
        while index < bytes.count {
            tail = tail << 8 | UInt64(bytes[index])
            index &+= 1
        }
        return mix(state ^ tail)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = (value ^ 0xA076_1D64_78BD_642F).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
        return product.high ^ product.low
    }

    private static func equal(_ bytes: UnsafeRawBufferPointer, _ entry: Entry, _ start: Int, _ end: Int, _ escaped: Bool) -> Bool
    {
        if escaped || entry.escaped {
            return unescaped(bytes, start, end) == unescaped(bytes, entry.start, entry.end)
        }
        return bytes[start..<end].elementsEqual(bytes[entry.start..<entry.end])
    }

    private static func unescaped(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> [UInt8] {
        let inside = UnsafeRawBufferPointer(rebasing: bytes[(start + 1)..<(end - 1)])
        return [UInt8](unsafeUninitializedCapacity: inside.count) { target, count in
            count = JSONString.unescape(inside, into: target)
        }
    }
}
