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
    /// Bodies of many megabytes that come in.
    case upload
    /// Bodies of many megabytes that go out, and thumbnails.
    case download
    /// What waits for servers elsewhere.
    case outbound
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
        case .upload: 64
        case .download: 800
        case .outbound: 32
        case .internal: 4_000
        }
    }

    /// Requests of the class that wait for a place; more are refused at once.
    public var waitingMax: Int {
        switch self {
        case .light, .write: 400
        case .read, .account, .upload, .download: 200
        case .outbound: 64
        case .sync: 0
        case .initialSync: 400
        case .internal: 0
        }
    }

    /// The longest wait for a place.
    public var waitMax: Duration {
        switch self {
        case .initialSync: .seconds(20)
        case .upload: .seconds(10)
        default: .seconds(2)
        }
    }

    /// The longest a request of the class may take, unless its route says otherwise.
    public var deadline: Duration {
        switch self {
        case .sync, .initialSync: .seconds(150)
        case .upload, .download: .seconds(600)
        case .outbound: .seconds(60)
        case .read: .seconds(30)
        case .internal: .seconds(30)
        case .light, .write, .account: .seconds(15)
        }
    }

    /// The longest a worker may say nothing while it has all of a request of the class.
    public var silenceMax: Duration {
        self == .upload || self == .download ? .seconds(150) : deadline
    }
}
