import Identifiers
import ReplicationLog
import Storage

/// The rows about keys of one group commit.
struct KeyRows: Sendable {
    var removals: [DeviceKeysRemoval] = []
    var revocations: [KeyRevocation] = []
    var identity: [DeviceKeyRow] = []
    var oneTime: [OneTimeKeyRow] = []
    var fallback: [FallbackKeyRow] = []
    var stocks: [KeyStockRow] = []
    var crossSigning: [CrossSigningKeyRow] = []
    var signatures: [KeySignatureRow] = []
    var lists: [DeviceListRow] = []

    static func += (rows: inout KeyRows, other: KeyRows) {
        rows.removals += other.removals
        rows.revocations += other.revocations
        rows.identity += other.identity
        rows.oneTime += other.oneTime
        rows.fallback += other.fallback
        rows.stocks += other.stocks
        rows.crossSigning += other.crossSigning
        rows.signatures += other.signatures
        rows.lists += other.lists
    }

    /// Takes out what is placed already of things that go now: a commit removes first and adds then.
    mutating func withdraw(_ removed: KeyRows) {
        for removal in removed.removals {
            identity.removeAll { $0.user == removal.user && $0.device == removal.device }
            oneTime.removeAll { $0.user == removal.user && $0.device == removal.device }
            fallback.removeAll { $0.user == removal.user && $0.device == removal.device }
            stocks.removeAll { $0.user == removal.user && $0.device == removal.device }
        }
        let gone =
            removed.revocations + removed.removals.map { KeyRevocation(user: $0.user, target: $0.device.rawValue) }
        for key in gone {
            signatures.removeAll { signature in
                signature.user == key.user && signature.target.utf8.elementsEqual(key.target.utf8)
                    || signature.signer == key.user
                        && signature.signerKey.rawValue.utf8.elementsEqual("ed25519:\(key.target)".utf8)
            }
        }
    }
}

extension CommitRows {
    /// Tells everybody who shares rooms with `user` that their devices or keys have changed.
    @discardableResult
    mutating func announce(_ user: UserID) -> ShardSequence {
        let position = enter(.deviceList, user)
        keys.lists.append(DeviceListRow(user: user, position: position))
        return position
    }
}
