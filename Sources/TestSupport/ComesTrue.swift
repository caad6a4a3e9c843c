/// Asks again and again until `condition` holds, for what happens in other tasks, processes or the server.
///
/// - Returns: whether it held within `limit`.
public func comesTrue(
    within limit: Duration = .seconds(10), every interval: Duration = .milliseconds(10),
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let giveUpAt = ContinuousClock.now + limit
    while true {
        if try await condition() { return true }
        if ContinuousClock.now >= giveUpAt { return false }
        try await Task.sleep(for: interval)
    }
}

/// Waits until `condition` holds.
///
/// - Throws: ``DidNotHappen`` when it does not within `limit`.
public func eventually(
    _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
    guard try await comesTrue(within: limit, every: .milliseconds(10), condition) else {
        throw DidNotHappen(what: what)
    }
}

/// What a test waited for in vain.
public struct DidNotHappen: Error, CustomStringConvertible {
    let what: String
    public var description: String { "in vain: \(what)" }
}
