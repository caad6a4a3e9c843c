import Identifiers

/// One of a user's devices, as its owner sees it.
public struct Device: Sendable, Equatable {
    public let id: DeviceID
    public let displayName: String?
    public let lastSeenAt: Timestamp?
    public let lastSeenIP: String?
    public let lastSeenUserAgent: String?
}
