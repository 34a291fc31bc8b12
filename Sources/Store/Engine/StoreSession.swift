internal import Databases

/// A connection to the store's database as the store's own methods use it: portable SQL, typed rows, our errors.
///
/// `@unchecked Sendable`: opened by one thread, then handed to the one that keeps it; never used by two at once.
struct StoreSession: @unchecked Sendable {
    let connection: any SQLSession
    let engine: any StoreEngine

    /// Runs one statement and gives its rows.
    @discardableResult
    func rows(_ sql: String, _ parameters: [Parameter] = []) throws(StoreError) -> [Row] {
        do { return try connection.run(sql, parameters).rows.map(Row.init) } catch { throw engine.storeError(error) }
    }

    /// Runs one statement and gives its first row.
    func first(_ sql: String, _ parameters: [Parameter] = []) throws(StoreError) -> Row? {
        try rows(sql, parameters).first
    }

    /// Runs one statement for each list of values, where the engine can in one round trip, and gives the rows of each. Nothing counts
    /// of what was run before one that fails: it is for use in a transaction, and for statements of few rows.
    @discardableResult
    func rows(_ sql: String, forEach lists: [[Parameter]]) throws(StoreError) -> [[Row]] {
        do { return try connection.run(sql, forEach: lists).map { $0.rows.map(Row.init) } } catch {
            throw engine.storeError(error)
        }
    }

    /// Runs an INSERT, UPDATE or DELETE and says how many rows it changed.
    @discardableResult
    func change(_ sql: String, _ parameters: [Parameter] = []) throws(StoreError) -> Int {
        do { return try connection.run(sql, parameters).affectedRows } catch { throw engine.storeError(error) }
    }

    /// Runs statements without parameters or rows.
    func execute(_ sql: String) throws(StoreError) {
        do { try connection.execute(sql) } catch { throw engine.storeError(error) }
    }

    func close() { connection.close() }

    /// Makes tables and indexes of ours.
    func define(_ schema: String) throws(StoreError) { try execute(engine.schema(schema)) }

    /// Runs `body` on one unchanging view of the store.
    func snapshot<Value>(_ body: (StoreSession) throws(StoreError) -> Value) throws(StoreError) -> Value {
        try execute(engine.beginRead)
        return try ending(body)
    }

    /// Runs `body` in a transaction that writes: all of it or nothing.
    func transaction<Value>(_ body: (StoreSession) throws(StoreError) -> Value) throws(StoreError) -> Value {
        try engine.beginWrite(self)
        return try ending(body)
    }

    private func ending<Value>(_ body: (StoreSession) throws(StoreError) -> Value) throws(StoreError) -> Value {
        do throws(StoreError) {
            let value = try body(self)
            try execute("COMMIT")
            return value
        } catch {
            // The first error is the one to tell; a transaction that ended by itself has nothing to roll back.
            try? execute("ROLLBACK")
            throw error
        }
    }
}
