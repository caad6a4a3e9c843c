/// Statements sent together up to one synchronisation point, and who waits for their results.
struct WireSubmission {
    let statements: [PostgresStatement]
    let sentAt = ContinuousClock.now
    let deadline: ContinuousClock.Instant
    /// Called once, on the loop's thread.
    let finish: (WireOutcome) -> Void

    var results: [PostgresRows] = []
    var failure: (error: PostgresError, statementIndex: Int)?
    /// What results are still to come, in order.
    var expected: [Step] = []

    enum Step {
        case prepare(statement: Int, name: String)
        case execute(statement: Int, name: String?)
        case synchronise
    }
}

/// How a submission ended.
enum WireOutcome: Sendable {
    case success([PostgresRows])
    /// The server refused one statement; those after it were not carried out.
    case failure(PostgresError, statementIndex: Int)
    /// The connection ended before the synchronisation point: what was sent may have been carried out.
    case unknown(PostgresError)
}
