import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Stores what users report.
struct Reporter: Sendable {
    /// The longest reason, in bytes.
    static let reasonBytesMax = 10_000

    let reports: ReportStore
    let clock: WallClock

    /// - Throws: `M_LIMIT_EXCEEDED` when the reporter has made too many lately.
    func store(_ report: Report) async throws {
        guard try await reports.insert(report, at: clock.now()) else {
            throw MatrixError.limitExceeded(retryAfter: .milliseconds(ReportStore.windowMs))
        }
    }

    /// - Throws: `M_INVALID_PARAM` for a reason over ``reasonBytesMax``, `M_MISSING_PARAM`, `M_BAD_JSON`.
    static func reason(_ body: BodyFields, isRequired: Bool) throws -> String {
        let reason = isRequired ? try body.requiredString("reason") : try body.string("reason") ?? ""
        guard reason.utf8.count <= reasonBytesMax else {
            throw MatrixError.invalidParam("A reason is at most \(reasonBytesMax) bytes.")
        }
        return reason
    }
}
