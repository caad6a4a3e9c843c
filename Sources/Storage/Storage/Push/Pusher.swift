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

    /// How it tells (spec v1.19, "Push notifications").
    public enum Kind: String, Sendable {
        /// Each notification to a gateway.
        case http
        /// What waits, as a mail now and then; its key is the address.
        case email
    }

    public var user: UserID
    /// Whose token set it.
    public var device: DeviceID
    public var appID: String
    public var pushkey: String
    public var kind: Kind
    /// What clients see beside: names, language, profile tag.
    public var description: JSONObject
    /// What the gateway gets, and where it is.
    public var data: JSONObject
    public var setAt: Timestamp

    public init(
        user: UserID, device: DeviceID, appID: String, pushkey: String, kind: Kind, description: JSONObject,
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

    /// What pushers share that are delayed together: scheme, host and port of the gateway, in lower case.
    ///
    /// Mails go by one server.
    public var gateway: String {
        guard kind == .http else { return "mailto:" }
        let url = data["url"]?.stringValue?.lowercased() ?? ""
        return url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).prefix(3)
            .joined(separator: "/")
    }

    /// The part the user's pushers are in.
    public var part: Int16 { ShardID.placement(of: user, count: Int(Self.partCount)).number }
}
