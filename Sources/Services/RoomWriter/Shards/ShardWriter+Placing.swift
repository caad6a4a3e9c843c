import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Storage
import WorkerContracts

extension ShardWriter {
    enum Attempt {
        /// In the open batch, or answered.
        case over
        case waits(Need)
    }

    /// Places a command in the open batch, if nothing stands against it.
    func attempt(_ command: PendingCommand) -> Attempt {
        do throws(Obstacle) {
            try place(command)
            return .over
        } catch {
            switch error {
            case .needs(let need): return .waits(need)
            case .refused(let refusal):
                // A repeat of what has had its effect is often against the rules by now: leaving twice, say.
                guard command.facts.isNew || !command.command.keepsResult else { return .waits(.result(command.id)) }
                finish(command, .refused(refusal))
                return .over
            }
        }
    }

    private func place(_ pending: PendingCommand) throws(Obstacle) {
        switch pending.command {
        case .createRoom(let command): try create(command, pending)
        case .sendEvents(let command):
            try change(command.room, pending) { transition throws(Obstacle) in
                var ids: [EventID] = []
                for draft in command.events { ids.append(try transition.append(draft)) }
                return ids
            }
        case .receiveEvents(let command): try receive(command, pending)
        case .setReceipt(let command):
            try change(command.room, pending) { transition throws(Obstacle) in
                try transition.setReceipt(command)
                return []
            }
        case .forgetRoom(let command):
            try change(command.room, pending) { transition throws(Obstacle) in
                try transition.forget(command.user)
                return []
            }
        case .setTyping(let command): try setTyping(command, pending)
        case .setAccountData(let command):
            var rows = nextRows
            rows.setAccountData(command)
            add(pending, rows)
        case .sendToDevice(let command):
            guard let devices = pending.facts.devices else { throw .needs(.devices(command.user)) }
            var rows = nextRows
            rows.send(command, to: devices)
            if !rows.toDevice.isEmpty {
                rows.toDeviceTrims += pending.facts.fullDevices.map {
                    ToDeviceTrim(user: command.user, device: $0, kept: ToDeviceStore.waitingMax)
                }
            }
            add(pending, rows)
        case .deleteToDevice(let command):
            var rows = nextRows
            rows.toDeviceDeletions.append(
                ToDeviceDeletion(user: command.user, device: command.device, upTo: command.upTo))
            add(pending, rows)
        case .setTag(let command): try setTag(command, pending)
        case .uploadKeys(let command): try uploadKeys(command, pending)
        case .claimKeys(let command): try claimKeys(command, pending)
        case .setCrossSigningKeys(let command): try setCrossSigningKeys(command, pending)
        case .addSignatures(let command): addSignatures(command, pending)
        case .removeDevices(let command): try removeDevices(command, pending)
        case .announceDevices(let command): announceDevices(command, pending)
        case .setThreadSubscription(let command):
            var rows = nextRows
            rows.setThreadSubscription(command)
            add(pending, rows)
        case .changePushRules(let command): try changePushRules(command, pending)
        case .reportPresence(let command):
            let isTaken = environment.presence.take(command.reports, of: shard)
            finish(pending, isTaken ? .done(events: [], position: head) : .busy(retryAfter: Self.busyPause))
        }
    }

    var nextRows: CommitRows { CommitRows(shard: shard, base: open.rows.end) }

    func add(_ command: PendingCommand, _ rows: CommitRows, events: [EventID] = [], answer: JSONObject? = nil) {
        open.add(command, rows, events: events, answer: answer)
        wakeCommitter()
    }

    // MARK: Rooms

    private func memory(of room: RoomID) throws(Obstacle) -> RoomMemory {
        guard let memory = rooms[room] else { throw .needs(.room(room)) }
        return memory
    }

    /// Applies a command to a room that is there.
    private func change(
        _ room: RoomID, _ command: PendingCommand,
        _ body: (inout RoomTransition) throws(Obstacle) -> [EventID]
    ) throws(Obstacle) {
        let memory = try memory(of: room)
        guard let head = memory.speculative else { throw .notFound("This server does not have the room.") }
        var transition = RoomTransition(
            of: memory, head: head, rows: nextRows, facts: command.facts, in: environment.rooms)
        let events = try body(&transition)
        take(transition, of: command, events, memory)
    }

    private func take(
        _ transition: RoomTransition, of command: PendingCommand, _ events: [EventID], _ memory: RoomMemory
    ) {
        if !transition.rows.isEmpty {
            memory.advance(
                to: transition.head, events: Array(transition.placed.values), states: Array(transition.made.values))
            open.setHead(transition.head)
        }
        add(command, transition.rows, events: events)
        touch(memory)
    }

    private func touch(_ memory: RoomMemory) {
        let victims = environment.budget.touch(
            RoomBudget.Key(shard: shard, room: memory.room), bytes: memory.bytes)
        if !victims.isEmpty { environment.evict(victims) }
    }

    private func create(_ command: WriterCommand.CreateRoom, _ pending: PendingCommand) throws(Obstacle) {
        let memory = try memory(of: command.room)
        guard memory.speculative == nil else { throw .badRequest("M_ROOM_IN_USE", "The room exists already.") }
        guard let version = RoomVersion(command.version) else {
            throw .badRequest(
                "M_UNSUPPORTED_ROOM_VERSION", "This server does not know room version \(command.version).")
        }
        var transition = newRoom(memory, version, pending)
        var ids: [EventID] = []
        if let createEvent = command.createEvent {
            ids += try transition.receive(try read([createEvent], of: command.room, version, pending))
        }
        for draft in command.events { ids.append(try transition.append(draft)) }
        try found(&transition)
        take(transition, of: pending, ids, memory)
    }

    private func receive(_ command: WriterCommand.ReceiveEvents, _ pending: PendingCommand) throws(Obstacle) {
        let memory = try memory(of: command.room)
        if let head = memory.speculative {
            let events = try read(command.events, of: command.room, head.version, pending)
            return try change(command.room, pending) { transition throws(Obstacle) in try transition.receive(events) }
        }
        // A room that was made elsewhere begins with its create event.
        guard let content = command.events.first?["content"], command.events.first?["type"] == "m.room.create" else {
            throw .notFound("This server does not have the room.")
        }
        let name = content["room_version"].map { $0.stringValue ?? "" } ?? RoomVersion.unnamed.name
        guard let version = RoomVersion(name) else {
            throw .badRequest("M_UNSUPPORTED_ROOM_VERSION", "This server does not know room version \(name).")
        }
        var transition = newRoom(memory, version, pending)
        let ids = try transition.receive(try read(command.events, of: command.room, version, pending))
        try found(&transition)
        take(transition, of: pending, ids, memory)
    }

    /// Reads PDUs, once however often their command is tried.
    private func read(
        _ pdus: [JSONObject], of room: RoomID, _ version: RoomVersion, _ pending: PendingCommand
    ) throws(Obstacle) -> [Event] {
        if let events = pending.facts.received { return events }
        let reader = ReceivedEvents(room: room, rules: version.rules, environment: environment.rooms)
        let events = try reader.read(pdus)
        pending.facts.received = events
        return events
    }

    private func newRoom(_ memory: RoomMemory, _ version: RoomVersion, _ command: PendingCommand) -> RoomTransition {
        RoomTransition(
            of: memory, head: RoomHead(new: memory.room, version: version), rows: nextRows, facts: command.facts,
            in: environment.rooms)
    }

    /// Writes a new room down, if it has become one.
    private func found(_ transition: inout RoomTransition) throws(Obstacle) {
        guard let create = try transition.current(.create) else {
            throw .forbidden("A room begins with a valid create event.")
        }
        transition.rows.rooms.append(
            RoomRow(
                room: transition.head.room, version: transition.head.version.name, createdAt: create.originServerTS))
    }

    private func setTyping(_ command: WriterCommand.SetTyping, _ pending: PendingCommand) throws(Obstacle) {
        if command.timeout != nil {
            let memory = try memory(of: command.room)
            guard let head = memory.speculative else { throw .notFound("This server does not have the room.") }
            let transition = RoomTransition(
                of: memory, head: head, rows: nextRows, facts: pending.facts, in: environment.rooms)
            try transition.demandJoined(command.user)
        }
        let isSet = environment.typing.set(
            command.user, in: command.room, of: shard, until: command.timeout.map { .now + $0 })
        finish(pending, isSet ? .done(events: [], position: head) : .busy(retryAfter: Self.busyPause))
    }

    // MARK: Needs

    /// Finds what a command needs; answers it when that cannot be had.
    ///
    /// - Returns: false when the command is answered.
    func satisfy(_ need: Need, for id: CommandID) async -> Bool {
        let found: Result<Found, any Error>
        let epoch = keyEpoch
        do { found = .success(try await environment.loader.load(need)) } catch { found = .failure(error) }
        // The command may have been answered meanwhile: the shard was lost.
        guard let command = pending[id] else { return false }
        switch found {
        case .success(.result(let reply?)):
            finish(command, reply)
            return false
        case .success(let found):
            take(found, for: command, readIn: epoch)
            return true
        case .failure(let error):
            environment.logger.warning(
                "not loaded", metadata: ["shard": "\(shard)", "lane": "\(command.lane)", "error": "\(error)"])
            finish(command, .busy(retryAfter: Self.busyPause))
            return false
        }
    }

    /// - Parameter epoch: of keys, when the reading began.
    private func take(_ found: Found, for command: PendingCommand, readIn epoch: Int) {
        switch found {
        case .room(let room, let head):
            guard rooms[room] == nil else { return }
            let memory = RoomMemory(room: room, stored: head)
            rooms[room] = memory
            touch(memory)
        case .events(let events, let awaited, let asked, let room):
            rooms[room]?.remember(events)
            command.facts.awaitedRedactions += awaited
            command.facts.absentEvents.formUnion(Set(asked).subtracting(events.map(\.event.id)))
        case .states(let states, let room):
            for state in states { rooms[room]?.remember(state) }
        case .devices(let devices, let full):
            command.facts.devices = devices
            command.facts.fullDevices = full
        // What was read too early is asked for again.
        case .keys(let user, let crossSigning, let devices, let asked):
            guard epoch == keyEpoch else { return }
            take(crossSigning, devices, asked: asked, of: user, for: command)
        case .claimedKeys(let keys): if epoch == keyEpoch { command.facts.claimedKeys = keys }
        case .identifiedDevices(let devices): if epoch == keyEpoch { command.facts.identifiedDevices = devices }
        case .accountData(let content): command.facts.accountData = content ?? JSONObject()
        case .resolution(let events, let tree):
            command.facts.resolutions[events] = tree
            environment.metrics.resolved()
        case .policyVerdict(let event, let verdict): command.facts.policyVerdicts[event] = verdict
        case .result: command.facts.isNew = true
        }
    }

    /// Lets a room go that is not in use now.
    func evict(_ room: RoomID) {
        guard lanes[room.text] == nil, open.heads[room] == nil, inFlight?.heads[room] == nil, !isRecovering else {
            return
        }
        rooms[room] = nil
        environment.budget.remove(RoomBudget.Key(shard: shard, room: room))
    }
}
