import Identifiers
import Postgres
import Storage

extension CommitRows {
    /// What is written about keys; what goes first, since it may come again.
    static func keyStatements(of parts: [CommitRows]) -> [PostgresStatement] {
        var all: [PostgresStatement] = []
        let (removals, revocations) = (parts.flatMap(\.keys.removals), parts.flatMap(\.keys.revocations))
        if !removals.isEmpty { all += DeviceKeysRemoval.delete(removals) }
        if !revocations.isEmpty { all += KeyRevocation.dropSignatures(revocations) }
        return all + deviceKeyStatements(of: parts) + identityStatements(of: parts)
    }

    private static func deviceKeyStatements(of parts: [CommitRows]) -> [PostgresStatement] {
        var all: [PostgresStatement] = []
        let (oneTime, oneTimeShards) = gather(parts, \.keys.oneTime)
        if !oneTime.isEmpty {
            let last = lastOfEach(zip(oneTime, oneTimeShards)) { row, _ in
                [row.user.text, row.device.text, row.key.id.text]
            }
            all.append(OneTimeKeyRow.upsert(last.map(\.0), in: last.map(\.1)))
        }
        let fallback = parts.flatMap(\.keys.fallback)
        if !fallback.isEmpty {
            all.append(
                FallbackKeyRow.upsert(
                    lastOfEach(fallback) { [$0.user.text, $0.device.text, ByteOrderedText($0.key.id.algorithm)] }))
        }
        let (stocks, stockShards) = gather(parts, \.keys.stocks)
        if !stocks.isEmpty {
            let last = lastOfEach(zip(stocks, stockShards)) { row, _ in [row.user.text, row.device.text] }
            all.append(KeyStockRow.upsert(last.map(\.0), in: last.map(\.1)))
        }
        return all
    }

    private static func identityStatements(of parts: [CommitRows]) -> [PostgresStatement] {
        var all: [PostgresStatement] = []
        let identity = parts.flatMap(\.keys.identity)
        if !identity.isEmpty {
            all.append(DeviceKeyRow.upsert(lastOfEach(identity) { [$0.user.text, $0.device.text] }))
        }
        let crossSigning = parts.flatMap(\.keys.crossSigning)
        if !crossSigning.isEmpty {
            all += CrossSigningKeyRow.apply(
                lastOfEach(crossSigning) { [$0.user.text, ByteOrderedText($0.usage.rawValue)] })
        }
        let (signatures, signatureShards) = gather(parts, \.keys.signatures)
        if !signatures.isEmpty {
            let last = lastOfEach(zip(signatures, signatureShards)) { row, _ in
                [row.user.text, ByteOrderedText(row.target), row.signer.text, row.signerKey.text]
            }
            all.append(KeySignatureRow.upsert(last.map(\.0), in: last.map(\.1)))
        }
        let (lists, listShards) = gather(parts, \.keys.lists)
        if !lists.isEmpty {
            let last = lastOfEach(zip(lists, listShards)) { row, _ in row.user }
            all.append(DeviceListRow.upsert(last.map(\.0), in: last.map(\.1)))
        }
        return all
    }
}
