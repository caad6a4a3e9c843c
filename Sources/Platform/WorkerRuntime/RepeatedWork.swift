/// Does `body` again and again, with a pause after each time, until the task is cancelled.
///
/// - Parameter pausesFirst: the first time comes after a pause as well.
public func repeatUntilCancelled(
    every pause: Duration, pausesFirst: Bool = false, isolation: isolated (any Actor)? = #isolation,
    _ body: () async -> Void
) async {
    do {
        if pausesFirst { try await Task.sleep(for: pause) }
        while !Task.isCancelled {
            await body()
            try await Task.sleep(for: pause)
        }
    } catch {
        // Cancelled: the end of the loop is all that is asked for.
    }
}
