import Identifiers
import Postgres

/// What one of a user's cross-signing keys is for.
public enum CrossSigningUsage: String, Sendable, CaseIterable {
    case master
    case selfSigning = "self_signing"
    case userSigning = "user_signing"
}

/// A row of `cross_signing_key`.
public struct CrossSigningKeyRow: Sendable {
    public var user: UserID
    public var usage: CrossSigningUsage
    /// `nil`: the user has no such key any more.
    public var key: CrossSigningKey?

    public init(user: UserID, usage: CrossSigningUsage, key: CrossSigningKey?) {
        self.user = user
        self.usage = usage
        self.key = key
    }

    /// Sets and removes keys; no two rows are of one user and usage.
    public static func apply(_ rows: [CrossSigningKeyRow]) -> [PostgresStatement] {
        let gone = rows.filter { $0.key == nil }
        let set = rows.compactMap { row in row.key.map { (row, $0) } }
        var statements: [PostgresStatement] = []
        if !gone.isEmpty {
            statements.append(
                PostgresStatement(
                    """
                    DELETE FROM cross_signing_key AS k USING unnest($1::text[], $2::text[]) AS rows (user_id, usage)
                     WHERE k.user_id = rows.user_id AND k.usage = rows.usage
                    """, [gone.map(\.user.rawValue), gone.map(\.usage.rawValue)]))
        }
        if !set.isEmpty {
            statements.append(
                PostgresStatement(
                    """
                    INSERT INTO cross_signing_key (user_id, usage, public_key, json)
                    SELECT user_id, usage, public_key, json
                      FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
                           AS rows (user_id, usage, public_key, json)
                        ON CONFLICT (user_id, usage) DO UPDATE
                       SET public_key = excluded.public_key, json = excluded.json
                    """,
                    [
                        set.map(\.0.user.rawValue), set.map(\.0.usage.rawValue), set.map(\.1.publicKey),
                        set.map(\.1.json),
                    ]))
        }
        return statements
    }
}

/// A cross-signing key as it was uploaded.
public struct CrossSigningKey: Sendable, Equatable {
    /// In unpadded Base64.
    public var publicKey: String
    /// A JSON object.
    public var json: [UInt8]

    public init(publicKey: String, json: [UInt8]) {
        self.publicKey = publicKey
        self.json = json
    }

    public static func == (left: CrossSigningKey, right: CrossSigningKey) -> Bool {
        left.publicKey.utf8.elementsEqual(right.publicKey.utf8) && left.json == right.json
    }
}
