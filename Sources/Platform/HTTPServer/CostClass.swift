/// What a request costs; each class has bounds of its own, in the worker and in the router's pools.
public enum CostClass: String, Sendable, CaseIterable {
    /// A look-up or a small change.
    case light
    /// A command to a room-writer.
    case write
    /// Pages of events, whole member lists.
    case read
    /// Password hashing.
    case account
    /// Long polls: many, mostly parked.
    case sync
    /// First and full-state syncs.
    case initialSync
    /// Between workers.
    case `internal`

    /// Requests of the class a worker carries out at once.
    public var inFlightMax: Int {
        switch self {
        case .light: 400
        case .write: 800
        case .read: 64
        case .account: 64
        case .sync: 10_000
        case .initialSync: 8
        case .internal: 4_000
        }
    }

    /// Requests of the class that wait for a place; more are refused at once.
    public var waitingMax: Int {
        switch self {
        case .light, .write: 400
        case .read, .account: 200
        case .sync: 0
        case .initialSync: 400
        case .internal: 0
        }
    }

    /// The longest wait for a place.
    public var waitMax: Duration {
        self == .initialSync ? .seconds(20) : .seconds(2)
    }

    /// The longest a request of the class may take, unless its route says otherwise.
    public var deadline: Duration {
        switch self {
        case .sync, .initialSync: .seconds(150)
        case .read: .seconds(30)
        case .internal: .seconds(30)
        case .light, .write, .account: .seconds(15)
        }
    }
}
