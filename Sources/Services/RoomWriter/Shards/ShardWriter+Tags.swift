import CanonicalJSON
import Identifiers
import Storage
import WorkerContracts

// A room's tags are one piece of account data, written as a whole. Two of a user's devices that tag at the same moment
// would overwrite each other if each read it and wrote it back; so the change is made here, where a user's commands have
// one order.

extension ShardWriter {
    /// Changes one tag in what the commands before have left.
    ///
    /// - Throws: `M_TOO_LARGE` for more tags than a piece of account data can hold.
    func setTag(_ command: WriterCommand.SetTag, _ pending: PendingCommand) throws(Obstacle) {
        var content = try placedAccountData(
            WriterCommand.SetTag.accountDataType, of: command.user, in: command.room, pending)
        var tags = content["tags"]?.objectValue ?? JSONObject()
        var rows = nextRows
        let value: JSONValue? = command.content.map { .object($0) }
        if tags[command.tag] != value {
            tags[command.tag] = value
            content["tags"] = .object(tags)
            let bytesMax = WriterCommand.SetAccountData.contentBytesMax
            guard content.bytes().count <= bytesMax else {
                throw .tooLarge("The tags of one room are at most \(bytesMax) bytes.")
            }
            rows.setAccountData(
                WriterCommand.SetAccountData(
                    user: command.user, room: command.room, type: WriterCommand.SetTag.accountDataType, content: content
                ))
        }
        add(pending, rows)
    }

    /// What is placed and not committed, or else what the database has: a user's commands are placed in their order, so
    /// nothing of theirs is committed between its being read and this.
    func placedAccountData(
        _ type: String, of user: UserID, in room: RoomID?, _ pending: PendingCommand
    ) throws(Obstacle) -> JSONObject {
        if let placed = uncommittedAccountData(type, of: user, in: room) {
            guard let content = placed.content else { return JSONObject() }
            do { return try JSONObject.parse(content) } catch {
                preconditionFailure("account data is placed as JSON")
            }
        }
        guard let committed = pending.facts.accountData else {
            throw .needs(.accountData(type: type, user, room))
        }
        return committed
    }

    private func uncommittedAccountData(_ type: String, of user: UserID, in room: RoomID?) -> AccountDataRow? {
        for batch in [open, inFlight].compactMap({ $0 }) {
            let row = batch.rows.accountData.last {
                $0.user == user && $0.room == room && $0.type.utf8.elementsEqual(type.utf8)
            }
            if let row { return row }
        }
        return nil
    }
}
