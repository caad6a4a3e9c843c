import Crypto
import Identifiers
import WorkerContracts

extension CommandID {
    /// The ID of a client's transaction: equal on whatever worker the client repeats it.
    ///
    /// - Parameters:
    ///   - endpoint: which endpoint, so that one transaction ID may serve several of them.
    ///   - scope: the room, and for to-device messages the user a part of the transaction goes to.
    package static func transaction(
        _ transaction: TransactionID, of user: UserID, device: DeviceID, endpoint: String, scope: String
    ) -> CommandID {
        var hash = SHA256()
        for field in [user.rawValue, device.rawValue, endpoint, scope, transaction.text] {
            // Each field with its length, so that no two lists of fields give the same bytes.
            withUnsafeBytes(of: UInt64(field.utf8.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: Array(field.utf8))
        }
        return CommandID(Array(hash.finalize().prefix(byteCount)))
    }

    /// The ID of the same request when it schedules its event instead of sending it.
    ///
    /// A transaction that has been sent is not sent again later, nor the other way round.
    var delayed: CommandID { part(-1) }

    /// An ID for a request that names no transaction: once per request, also over internal repeats.
    static func random() -> CommandID {
        CommandID(SecureRandom.bytes(byteCount))
    }

    /// The ID of the `index`th part of a request that takes several commands.
    package func part(_ index: Int) -> CommandID {
        var hash = SHA256()
        hash.update(data: bytes)
        withUnsafeBytes(of: Int64(index).bigEndian) { hash.update(bufferPointer: $0) }
        return CommandID(Array(hash.finalize().prefix(Self.byteCount)))
    }
}
