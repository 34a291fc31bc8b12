import Synchronization

/// Counts the pieces of text of a reply.
final class PieceCount: Sendable {
    private let count = Atomic(0)
    func add() { count.add(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
