import Events
import Identifiers
import Storage
import WorkerContracts

extension RoomTransition {
    /// - Throws: `M_FORBIDDEN` unless `user` is in the room.
    func demandJoined(_ user: UserID) throws(Obstacle) {
        guard let membership = try membership(of: user), membership.utf8.elementsEqual("join".utf8) else {
            throw .forbidden("\(user) is not in the room.")
        }
    }

    /// Sets a receipt; that it never moves back, the row itself sees to.
    ///
    /// - Throws: `M_FORBIDDEN` unless the user is in the room, `M_NOT_FOUND` for an event that is not, `M_INVALID_PARAM`.
    mutating func setReceipt(_ receipt: WriterCommand.SetReceipt) throws(Obstacle) {
        try demandJoined(receipt.user)
        guard !receipt.type.utf8.contains(0), !(receipt.thread ?? "").utf8.contains(0) else {
            throw .badRequest("M_INVALID_PARAM", "A receipt's type and thread have no NUL.")
        }
        guard let event = try event(receipt.event), !event.isRejected, !event.isSoftFailed else {
            throw .notFound("There is no such event in this room.")
        }
        let position = rows.enter(.receipt, head.room)
        rows.receipts.append(
            ReceiptRow(
                room: head.room, user: receipt.user, type: receipt.type, thread: receipt.thread ?? "",
                event: receipt.event, eventPosition: event.position, readAt: receipt.readAt, position: position))
    }

    /// Forgets the room for a user who is not in it.
    ///
    /// - Throws: `M_UNKNOWN` while the user is joined or invited, `M_NOT_FOUND` when they never were.
    mutating func forget(_ user: UserID) throws(Obstacle) {
        guard let membership = try membership(of: user) else {
            throw .notFound("\(user) has never been in the room.")
        }
        guard membership.utf8.elementsEqual("leave".utf8) || membership.utf8.elementsEqual("ban".utf8) else {
            throw .badRequest("M_UNKNOWN", "Leave the room before you forget it.")
        }
        let position = rows.enter(.forgotten, user)
        rows.forgotten.append(ForgottenRoomRow(user: user, room: head.room, position: position))
    }
}

extension CommitRows {
    mutating func setAccountData(_ command: WriterCommand.SetAccountData) {
        let position = enter(.accountData, command.user)
        accountData.append(
            AccountDataRow(
                user: command.user, room: command.room, type: command.type, content: command.content?.bytes(),
                position: position))
    }

    /// Told of with account data: the user's own devices hear of it, and nobody else.
    mutating func setThreadSubscription(_ command: WriterCommand.SetThreadSubscription) {
        let position = enter(.accountData, command.user)
        threadSubscriptions.append(
            ThreadSubscriptionRow(
                user: command.user, room: command.room, root: command.root, state: command.state,
                roomPosition: command.roomPosition, position: position))
    }

    /// Queues messages for those of a user's devices that exist; a device has one message at a position.
    mutating func send(_ command: WriterCommand.SendToDevice, to devices: [DeviceID]) {
        let known = Set(devices)
        var taken: Set<DeviceID> = []
        var position: ShardSequence?
        for (device, message) in command.messages {
            let targets = device.map { known.contains($0) ? [$0] : [] } ?? devices
            guard !targets.isEmpty else { continue }
            if position == nil || targets.contains(where: taken.contains) {
                position = enter(.toDevice, command.user)
                taken = []
            }
            taken.formUnion(targets)
            let bytes = message.bytes()
            for target in targets {
                toDevice.append(
                    ToDeviceRow(user: command.user, device: target, position: position ?? end, message: bytes))
            }
        }
    }
}
