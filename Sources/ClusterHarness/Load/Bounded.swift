/// Runs `body` for each element, at most `limit` at a time; the first error ends it.
public func forEach<Element: Sendable>(
    _ elements: [Element], atMost limit: Int, _ body: @escaping @Sendable (Element) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, element) in elements.enumerated() {
            if index >= limit { try await group.next() }
            group.addTask { try await body(element) }
        }
        try await group.waitForAll()
    }
}

/// Runs `body` for each element, at most `limit` at a time, and returns the results in order.
public func map<Element: Sendable, Result: Sendable>(
    _ elements: [Element], atMost limit: Int, _ body: @escaping @Sendable (Element) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var results: [Int: Result] = [:]
        for (index, element) in elements.enumerated() {
            if index >= limit, let (done, result) = try await group.next() { results[done] = result }
            group.addTask { (index, try await body(element)) }
        }
        for try await (done, result) in group { results[done] = result }
        return elements.indices.compactMap { results[$0] }
    }
}

/// Waits until `condition` holds, looking every 20 ms.
///
/// - Throws: ``WaitedTooLong`` when it does not within `duration`.
public func wait(
    for what: String, within duration: Duration, _ condition: () async throws -> Bool
) async throws {
    let giveUpAt = ContinuousClock.now + duration
    while try await !condition() {
        guard ContinuousClock.now < giveUpAt else { throw WaitedTooLong(what: what, duration: duration) }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// A condition did not come to hold in time.
public struct WaitedTooLong: Error, CustomStringConvertible {
    public let what: String
    public let duration: Duration

    public var description: String { "waited \(duration) for \(what)" }
}
