import Identifiers
import Signing
import WorkerContracts

/// What the rules of rooms need from the world: who this server is, its key, the time.
struct RoomEnvironment: Sendable {
    let server: ServerName
    let key: SigningKey
    let ownKey: VerificationKey
    let now: @Sendable () -> Timestamp

    init(server: ServerName, key: SigningKey, now: @escaping @Sendable () -> Timestamp = { WallClock.system.now() }) {
        self.server = server
        self.key = key
        self.now = now
        guard let ownKey = VerificationKey(key.publicKey) else {
            preconditionFailure("a signing key has a public half")
        }
        self.ownKey = ownKey
    }
}
