import Crypto
import Identifiers
import ReplicationLog

// What a connection has been told of which room is in the database, under the connection's number and a position; how far
// every shard was read and which typing the client believes in is in the token, as in /sync's. So most answers write
// nothing, and any worker can go on from any of them.
//
// Its bytes: four that bind it to the user, four to device and connection name, then numbers as LEB128: connection, position, typing,
// and the cut.

/// Where a client's sliding sync is: `l1_` and base64url, at most ``SyncToken/lengthMax`` characters.
public struct SlidingToken: Sendable, Hashable {
    static let prefix = "l1_"

    public var connection: Int64
    /// Of what the connection has been told.
    public var position: Int64
    public var cut: Cut
    public var typing: TypingPosition
    private let user: UInt32
    private let device: UInt32

    public init(
        connection: Int64, position: Int64, cut: Cut, typing: TypingPosition, viewer: Viewer, name: String
    ) {
        self.connection = connection
        self.position = position
        self.cut = cut
        self.typing = typing
        user = SyncToken.binding(to: viewer.user)
        device = Self.binding(viewer, name)
    }

    /// Whether the token was given to `user`.
    public func isBound(to user: UserID) -> Bool { self.user == SyncToken.binding(to: user) }

    /// Whether the token was given to a device's connection of this name.
    public func isBound(to viewer: Viewer, name: String) -> Bool {
        isBound(to: viewer.user) && device == Self.binding(viewer, name)
    }

    public var text: String {
        var bytes = TokenBytes()
        bytes.append(fixed: user)
        bytes.append(fixed: device)
        bytes.append(UInt64(bitPattern: connection))
        bytes.append(UInt64(bitPattern: position))
        typing.append(to: &bytes)
        cut.append(to: &bytes)
        return bytes.text(prefix: Self.prefix)
    }

    /// Reads a token; `nil` for anything that is none, however it came to be.
    public init?(_ text: String) {
        guard var input = TokenBytes(text, prefix: Self.prefix) else { return nil }
        guard let user = input.takeFixed(), let device = input.takeFixed(), let connection = input.takePosition(),
            let position = input.takePosition(), let typing = TypingPosition(&input), let cut = Cut(&input),
            input.isEmpty
        else { return nil }
        self.user = user
        self.device = device
        self.connection = connection
        self.position = position
        self.typing = typing
        self.cut = cut
    }

    private static func binding(_ viewer: Viewer, _ name: String) -> UInt32 {
        var hash = SHA256()
        for field in [viewer.user.rawValue, viewer.device.rawValue, name] {
            // Each with its length, so that no two lists of fields give the same bytes.
            withUnsafeBytes(of: UInt64(field.utf8.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: Array(field.utf8))
        }
        return hash.finalize().prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}
