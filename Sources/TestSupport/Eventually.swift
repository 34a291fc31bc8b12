/// Asks until the answer is right, for as long as `timeout`.
public func eventually(
    _ timeout: Duration = .seconds(10), _ isRight: () async throws -> Bool
) async throws -> Bool {
    let until = ContinuousClock.now + timeout
    while ContinuousClock.now < until {
        if try await isRight() { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return false
}
