/// Names one internal command, so that repeating it has its effect once: 16 bytes, minted by the first worker.
///
/// A client's transaction maps to a fixed ID (hash of user, device, endpoint, room and transaction ID), so the client's
/// own retry, on whatever worker, is the same command.
public struct CommandID: Hashable, Sendable {
    public static let byteCount = 16
    public let bytes: [UInt8]

    /// - Precondition: `bytes` has exactly ``byteCount`` bytes.
    public init(_ bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount, "a command ID has 16 bytes")
        self.bytes = bytes
    }
}
