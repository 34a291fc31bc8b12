public import Security
public import Store

/// Seals anew, under the newest key, what is in the store under older ones.
///
/// It goes through the store by ids, a few rows at a time, and can be stopped at any point: what is done is done, and what is not
/// opens as before. A record that changed in between stays as it was changed.
public struct Resealing: Sendable {
    /// Rows that are looked at in one step.
    public static let rowsPerStep = 200

    /// What a pass has done.
    public struct Outcome: Sendable, Equatable {
        public var resealed = 0
        /// Records that do not open: changed by somebody, or moved.
        public var unreadable = 0
    }

    private let store: Store
    private let sealer: @Sendable () -> Sealer
    private let replaced: @Sendable (_ old: SealedRecord, _ new: [UInt8]) -> Void

    /// - Parameter sealer: asked before each step, so that a key that comes meanwhile is used.
    /// - Parameter replaced: hears of each record that has been replaced.
    public init(
        _ store: Store, sealer: @escaping @Sendable () -> Sealer,
        replaced: @escaping @Sendable (SealedRecord, [UInt8]) -> Void = { _, _ in }
    ) {
        self.store = store
        self.sealer = sealer
        self.replaced = replaced
    }

    /// Goes through everything once.
    ///
    /// - Parameter stepped: called after each step with what is done so far; may wait, and ends the pass by throwing.
    public func pass(_ stepped: (Outcome) async throws -> Void = { _ in }) async throws -> Outcome {
        var outcome = Outcome()
        for column in SealedColumn.allCases {
            var next: String? = ""
            while let id = next {
                let sealer = sealer()
                let page = try await store.sealed(column, under: sealer.olderKeyIDs, after: id, limit: Self.rowsPerStep)
                var records: [(old: SealedRecord, new: [UInt8])] = []
                for record in page.records {
                    if let new = Self.resealed(record, sealer) { records.append((record, new)) } else { outcome.unreadable += 1 }
                }
                let done = Set(try await store.reseal(records).map(\.id))
                for (old, new) in records where done.contains(old.id) { replaced(old, new) }
                outcome.resealed += done.count
                next = page.next
                try await stepped(outcome)
            }
        }
        return outcome
    }

    private static func resealed(_ record: SealedRecord, _ sealer: Sealer) -> [UInt8]? {
        let purpose = record.column.purpose
        guard let opened = try? sealer.open(record.sealed, purpose: purpose, user: record.userID, row: record.id) else {
            return nil
        }
        return sealer.seal(opened, purpose: purpose, user: record.userID, row: record.id)
    }
}
