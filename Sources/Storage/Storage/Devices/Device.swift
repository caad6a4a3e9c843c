import Identifiers

/// One of a user's devices, as its owner sees it.
public struct Device: Sendable, Equatable {
    public let id: DeviceID
    public let displayName: String?
    public let lastSeenAt: Timestamp?
    public let lastSeenIP: String?

    public init(id: DeviceID, displayName: String?, lastSeenAt: Timestamp?, lastSeenIP: String?) {
        self.id = id
        self.displayName = displayName
        self.lastSeenAt = lastSeenAt
        self.lastSeenIP = lastSeenIP
    }
}
