import ClusterHarness
import Testing

/// What a cluster of real processes promises.
///
/// One test after the other: each has the machine to itself.
@Suite(.serialized) enum ClusterSuite {}

extension ClusterSuite {
    /// Prints what is wrong, and fails with it.
    static func expectNoViolations(_ report: ChatReport) {
        let violations = report.violations
        #expect(violations.isEmpty, "\(violations.map(\.description).joined(separator: "\n"))")
    }
}
