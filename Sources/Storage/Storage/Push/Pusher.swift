import CanonicalJSON
import Identifiers

/// Where a user wants to be notified.
public struct Pusher: Sendable {
    /// The longest app ID, in characters.
    public static let appIDLengthMax = 64
    /// The longest key, in bytes.
    public static let pushkeyBytesMax = 512
    /// Into how many parts pushers are divided, each leased to one push worker.
    public static let partCount: Int16 = 16

    public var user: UserID
    /// Whose token set it.
    public var device: DeviceID
    public var appID: String
    public var pushkey: String
    public var kind: String
    /// What clients see beside: names, language, profile tag.
    public var description: JSONObject
    /// What the gateway gets, and where it is.
    public var data: JSONObject
    public var setAt: Timestamp

    public init(
        user: UserID, device: DeviceID, appID: String, pushkey: String, kind: String, description: JSONObject,
        data: JSONObject, setAt: Timestamp
    ) {
        self.user = user
        self.device = device
        self.appID = appID
        self.pushkey = pushkey
        self.kind = kind
        self.description = description
        self.data = data
        self.setAt = setAt
    }

    /// Scheme, host and port of its gateway, in lower case: what pushers share that are delayed together.
    public var gateway: String {
        let url = data["url"]?.stringValue?.lowercased() ?? ""
        return url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).prefix(3)
            .joined(separator: "/")
    }

    /// The part the user's pushers are in.
    public var part: Int16 { ShardID.placement(of: user, count: Int(Self.partCount)).number }
}
