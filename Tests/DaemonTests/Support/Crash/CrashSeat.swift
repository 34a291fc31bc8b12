import TestSupport
import Testing

/// A client that writes until the daemon is gone, and keeps the model of what it was told.
protocol CrashSeat {
    var world: CrashWorld { get }
    /// One thing of many, at random.
    mutating func step() async throws
}

/// The store could not be used; nothing was changed.
struct OutOfReach: Error {}

extension CrashSeat {
    var model: CrashModel { world.model }

    /// Writes until the daemon is gone or the round is over.
    mutating func work() async {
        do {
            while !world.isRoundOver {
                do { try await step() } catch is OutOfReach { try await world.pause() }
            }
        } catch is WireConnection.Closed {
        } catch {
            Issue.record("\(error)")
        }
    }

    /// Does one thing after the other. Where the connection ends or the answer is an error, the rest goes undone.
    mutating func follow(_ script: (inout Self) async throws -> Void) async {
        do { try await script(&self) } catch is WireConnection.Closed {} catch is OutOfReach {} catch {
            Issue.record("\(error)")
        }
    }

    /// Sends a request that writes, and tells the model what came of it.
    ///
    /// - Parameters:
    ///   - refusal: the error it must be answered with; that too is an answer.
    ///   - told: states and ids that only the answer has.
    /// - Returns: the answer; nil where the store was out of reach, so that nobody knows what came of it.
    @discardableResult
    func write(
        _ method: String, _ params: JSONValue?, on client: TestClient, _ changes: [CrashModel.Change],
        _ unity: CrashModel.Unity = .together, parent: String? = nil, refusal: String? = nil,
        told: (JSONValue) -> (states: [CrashModel.Key: String], ids: [CrashModel.Key: String]) = { _ in ([:], [:]) }
    ) async throws -> JSONValue? {
        let operation = model.begin(method, changes, unity, parent: parent)
        do {
            let result = try await client.call(method, params, timeoutMs: 60_000)
            if let refusal { Issue.record("\(method) was not refused with \(refusal) but answered \(result)") }
            let (states, ids) = told(result)
            model.acknowledge(operation, states, ids: ids)
            return result
        } catch let failure as TestClient.Failure {
            if failure.code == refusal {
                model.acknowledge(operation)
                return failure.error
            }
            guard isOutOfReach(failure) else {
                model.refuse(operation)
                throw failure
            }
            try await world.pause()
            return nil
        }
    }

    /// Sends a request that changes nothing; throws ``OutOfReach`` where the store is.
    @discardableResult
    func ask(_ method: String, _ params: JSONValue?, on client: TestClient) async throws -> JSONValue {
        do {
            return try await client.call(method, params, timeoutMs: 60_000)
        } catch let failure as TestClient.Failure where isOutOfReach(failure) { throw OutOfReach() }
    }

    /// Whether an error is one that there may be, after which nobody knows whether the request was done.
    func isOutOfReach(_ failure: TestClient.Failure) -> Bool {
        switch world.excuses {
        case .nothing: false
        case .store: failure.data["retryable"] == true && failure.data["phase"] == "store"
        case .everything: true
        }
    }
}
