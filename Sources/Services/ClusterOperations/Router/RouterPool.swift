import HTTPServer
import Leases

/// A group of workers that share a cost: what one pool's requests use up, another's do not miss.
///
/// A pool's bounds are those of its cost classes in the worker, so that the router queues and sheds what the worker
/// would, without spending the worker's files on it.
package struct RouterPool: Sendable, Equatable {
    package enum Balance: Sendable {
        /// Whoever has the least to do.
        case leastConnections
        /// Consistently by the routing bucket in the access token: one user's requests meet one worker's caches and
        /// counts. Requests without a token go round.
        case tokenBucket
    }

    /// As the router calls it.
    package let name: String
    /// Whose workers serve it.
    package let kind: WorkerKind
    package let classes: [CostClass]
    package let balance: Balance
    /// Whether a request whose connection broke before any answer may be sent again when repeating it is harmless.
    ///
    /// It costs a request's bytes in the router's memory until the answer begins: too much for parked long polls.
    package let keepsRequests: Bool

    package static let client = RouterPool(
        name: "client", kind: .client, classes: [.light, .write], balance: .tokenBucket, keepsRequests: true)
    package static let pages = RouterPool(
        name: "pages", kind: .client, classes: [.read], balance: .leastConnections, keepsRequests: true)
    package static let accounts = RouterPool(
        name: "accounts", kind: .client, classes: [.account], balance: .leastConnections, keepsRequests: true)
    package static let sync = RouterPool(
        name: "sync", kind: .sync, classes: [.sync], balance: .tokenBucket, keepsRequests: false)
    package static let initial = RouterPool(
        name: "initial", kind: .initialSync, classes: [.initialSync], balance: .leastConnections, keepsRequests: false)

    package static let uploads = RouterPool(
        name: "uploads", kind: .media, classes: [.upload], balance: .leastConnections, keepsRequests: false)
    package static let media = RouterPool(
        name: "media", kind: .media, classes: [.light, .download, .outbound], balance: .leastConnections,
        keepsRequests: true)

    package static let all = [client, pages, accounts, sync, initial, uploads, media]

    /// Requests at one worker at once.
    package var requestsPerServerMax: Int { classes.reduce(0) { $0 + $1.inFlightMax } }
    /// Requests that wait in the router; more are shed at once.
    package var waitingMax: Int { max(Self.waitingMin, classes.reduce(0) { $0 + $1.waitingMax }) }
    /// The longest a request waits in the router; then it is shed.
    package var waitMax: Duration { classes.map(\.waitMax).max() ?? .seconds(2) }
    /// The longest silence of a worker that answers: what the worker itself allows, and a little for the way.
    package var answerMax: Duration { (classes.map(\.silenceMax).max() ?? .seconds(30)) + .seconds(5) }

    /// Even a class that does not wait in the worker waits here for the moment a worker is being replaced.
    static let waitingMin = 50
}
