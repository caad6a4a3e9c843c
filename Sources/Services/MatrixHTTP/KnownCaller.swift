import HTTPServer
import Identifiers

/// The user and device behind an access token, and how the account stands.
public struct KnownCaller: Sendable, Hashable {
    public var user: UserID
    public var device: DeviceID
    public var isGuest: Bool
    /// May read and leave, not write.
    public var isSuspended: Bool

    public init(user: UserID, device: DeviceID, isGuest: Bool = false, isSuspended: Bool = false) {
        self.user = user
        self.device = device
        self.isGuest = isGuest
        self.isSuspended = isSuspended
    }
}

/// Whence a request came, as far as it says.
public struct RequestOrigin: Sendable {
    public var address: String?
    public var userAgent: String?

    public init(address: String?, userAgent: String?) {
        self.address = address
        self.userAgent = userAgent
    }

    init(_ request: ServerRequest) {
        self.init(address: request.clientAddress, userAgent: request.header("user-agent"))
    }
}
