import Identifiers
import Postgres

/// A row of `key_signature`: somebody has signed a key.
public struct KeySignatureRow: Sendable, Equatable {
    /// Whose key is signed.
    public var user: UserID
    /// A device's ID or a public key.
    public var target: String
    public var signer: UserID
    public var signerKey: KeyID
    public var signature: String
    public var position: ShardSequence

    public init(
        user: UserID, target: String, signer: UserID, signerKey: KeyID, signature: String, position: ShardSequence
    ) {
        self.user = user
        self.target = target
        self.signer = signer
        self.signerKey = signerKey
        self.signature = signature
        self.position = position
    }

    /// Adds signatures, each in the shard of its signer; no two rows are of one target and key.
    public static func upsert(_ rows: [KeySignatureRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO key_signature (user_id, target, signer, signer_key, signature, shard, seq)
            SELECT user_id, target, signer, signer_key, signature, shard, seq
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
                   AS rows (shard, user_id, target, signer, signer_key, signature, seq)
                ON CONFLICT (user_id, target, signer, signer_key) DO UPDATE
               SET signature = excluded.signature, shard = excluded.shard, seq = excluded.seq
            """,
            [
                shards.map(\.number), rows.map(\.user.rawValue), rows.map(\.target), rows.map(\.signer.rawValue),
                rows.map(\.signerKey.rawValue), rows.map(\.signature), rows.map(\.position.value),
            ])
    }
}

/// A public key of a user that is theirs no longer: what it has signed and what has signed it.
public struct KeyRevocation: Sendable {
    public var user: UserID
    /// A public key or a device's ID.
    public var target: String

    public init(user: UserID, target: String) {
        self.user = user
        self.target = target
    }

    /// Drops the signatures by and of keys.
    public static func dropSignatures(_ rows: [KeyRevocation]) -> [PostgresStatement] {
        let parameters: [any PostgresParameter] = [rows.map(\.user.rawValue), rows.map(\.target)]
        return [
            PostgresStatement(
                """
                DELETE FROM key_signature AS s USING unnest($1::text[], $2::text[]) AS rows (user_id, target)
                 WHERE s.user_id = rows.user_id AND s.target = rows.target
                """, parameters),
            PostgresStatement(
                """
                DELETE FROM key_signature AS s USING unnest($1::text[], $2::text[]) AS rows (user_id, target)
                 WHERE s.signer = rows.user_id AND s.signer_key = 'ed25519:' || rows.target
                """, parameters),
        ]
    }
}
