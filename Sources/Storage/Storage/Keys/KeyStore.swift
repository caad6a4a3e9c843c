import CanonicalJSON
import Identifiers
import Postgres

/// What is to be told of users' keys.
public struct UserKeys: Sendable {
    public struct OfDevice: Sendable {
        public var json: JSONObject
        public var displayName: String?
    }

    public var devices: [DeviceID: OfDevice] = [:]
    public var crossSigning: [CrossSigningUsage: CrossSigningKey] = [:]
    /// Signatures that came later.
    public var signatures: [KeySignatureRow] = []
}

/// Reads users' keys as they are told to others.
public struct KeyStore: Sendable {
    /// The most users one call reads.
    public static let usersMax = 500

    let database: any PostgresQuerying

    public init(database: any PostgresQuerying) {
        self.database = database
    }

    /// The keys of `users`, with the signatures that are for `viewer` to see: the users' own and the viewer's.
    public func keys(of users: [UserID], seenBy viewer: UserID) async throws -> [UserID: UserKeys] {
        precondition(users.count <= Self.usersMax, "too many users for one call")
        let names = users.map(\.rawValue)
        async let crossSigning = database.query(
            "SELECT user_id, usage, public_key, json FROM cross_signing_key WHERE user_id = ANY($1::text[])", names)
        async let signatures = database.query(
            """
            SELECT user_id, target, signer, signer_key, signature, seq FROM key_signature
             WHERE user_id = ANY($1::text[]) AND (signer = user_id OR signer = $2)
            """, names, viewer.rawValue)
        // A device's keys may outlive it for a moment.
        let devices = try await database.query(
            """
            SELECT k.user_id, k.device_id, k.json, d.display_name
              FROM device_key AS k JOIN device AS d USING (user_id, device_id) WHERE k.user_id = ANY($1::text[])
            """, names)
        var found: [UserID: UserKeys] = [:]
        for row in devices {
            let user = try row.identifier("user_id", as: UserID.self)
            let device = try row.identifier("device_id", as: DeviceID.self)
            found[user, default: UserKeys()].devices[device] = UserKeys.OfDevice(
                json: try JSONObject.parse(try row.bytes("json")),
                displayName: try row.optionalByteText("display_name"))
        }
        for row in try await crossSigning {
            guard let usage = CrossSigningUsage(rawValue: try row.text("usage")) else {
                throw StoreError.malformedRow("cross_signing_key.usage")
            }
            let user = try row.identifier("user_id", as: UserID.self)
            found[user, default: UserKeys()].crossSigning[usage] = CrossSigningKey(
                publicKey: try row.text("public_key"), json: try row.bytes("json"))
        }
        for row in try await signatures {
            let user = try row.identifier("user_id", as: UserID.self)
            found[user, default: UserKeys()].signatures.append(
                KeySignatureRow(
                    user: user, target: try row.text("target"), signer: try row.identifier("signer", as: UserID.self),
                    signerKey: try row.identifier("signer_key", as: KeyID.self),
                    signature: try row.text("signature"), position: ShardSequence(try row.int64("seq"))))
        }
        return found
    }

    /// Whether `name` is the public key of one of `user`'s cross-signing keys.
    public func isCrossSigningKey(_ name: String, of user: UserID) async throws -> Bool {
        try await !database.query(
            "SELECT FROM cross_signing_key WHERE user_id = $1 AND public_key = $2", user.rawValue, name
        ).isEmpty
    }
}
