import Crypto
import Identifiers
import ReplicationLog

// A client comes back with its token to whatever worker the router picks, also after that worker and the whole log are
// gone. So the token says everything: how far every shard was read, how far the device's messages were handed out (a
// truncated batch must not lose the rest), and which typing and presence the client believes in.
//
// Its bytes: version, four bytes that bind it to the user, then numbers as LEB128: to-device position, typing (boot,
// counter, rooms), presence (boot, counter), and the cut.

/// Where a client's sync is: `s1_` and base64url, at most ``lengthMax`` characters.
public struct SyncToken: Sendable, Hashable {
    static let prefix = "s1_"
    /// The longest token, in characters.
    public static let lengthMax = 1_023
    /// The most shards whose positions fit.
    public static let shardsMax = 100

    /// How far everything but to-device messages was read.
    public var cut: Cut
    /// How far the device's messages were handed out, in the order of the user's shard.
    public var toDevice: ShardSequence
    public var typing: TypingPosition
    public var presence: PresencePosition
    private let binding: UInt32

    public init(
        cut: Cut, toDevice: ShardSequence, typing: TypingPosition, presence: PresencePosition = .none, user: UserID
    ) {
        precondition(cut.positions.count <= Self.shardsMax, "a token has room for \(Self.shardsMax) shards")
        self.cut = cut
        self.toDevice = toDevice
        self.typing = typing
        self.presence = presence
        binding = Self.binding(to: user)
    }

    /// Whether the token was given to `user`.
    public func isBound(to user: UserID) -> Bool { binding == Self.binding(to: user) }

    public var text: String {
        var bytes = TokenBytes()
        bytes.append(fixed: binding)
        bytes.append(UInt64(bitPattern: toDevice.value))
        typing.append(to: &bytes)
        presence.append(to: &bytes)
        cut.append(to: &bytes)
        return bytes.text(prefix: Self.prefix)
    }

    /// Reads a token; `nil` for anything that is none, however it came to be.
    public init?(_ text: String) {
        guard var input = TokenBytes(text, prefix: Self.prefix) else { return nil }
        guard let binding = input.takeFixed(), let toDevice = input.takePosition(),
            let typing = TypingPosition(&input), let presence = PresencePosition(&input), let cut = Cut(&input),
            input.isEmpty
        else { return nil }
        self.binding = binding
        self.toDevice = ShardSequence(toDevice)
        self.typing = typing
        self.presence = presence
        self.cut = cut
    }

    static func binding(to user: UserID) -> UInt32 {
        SHA256.hash(data: Array(user.rawValue.utf8)).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}
