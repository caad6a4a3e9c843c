import Glibc
import Identifiers
import Signing

/// What the rules of rooms need from the world: who this server is, its key, the time.
struct RoomEnvironment: Sendable {
    let server: ServerName
    let key: SigningKey
    let ownKey: VerificationKey
    let now: @Sendable () -> Timestamp

    init(server: ServerName, key: SigningKey, now: @escaping @Sendable () -> Timestamp = { .wallClock }) {
        self.server = server
        self.key = key
        self.now = now
        guard let ownKey = VerificationKey(key.publicKey) else {
            preconditionFailure("a signing key has a public half")
        }
        self.ownKey = ownKey
    }
}

extension Timestamp {
    /// The machine's wall clock.
    static var wallClock: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
