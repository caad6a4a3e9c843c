import CanonicalJSON
import Events
import Identifiers
import Logging
import MatrixHTTP
import RoomReading
import RoomRules
import Storage
import WorkerContracts

// The new room is complete, with its bans and power levels, before anybody is sent there: the tombstone comes after it,
// and a request that died in between leaves a room that nobody knows, not an old room that leads nowhere. Power levels and
// join rules are the last of its state: until then it is its creator's alone, whatever level they had in the old room.

/// Replaces rooms.
struct RoomUpgrader: Sendable {
    /// The most bans that are carried over.
    static let bansMax = 10_000
    /// The most rooms of a space that are.
    static let childrenMax = 400

    let shardCount: Int
    let genesis: RoomGenesis
    let facts: RoomFacts
    let access: RoomAccess
    let aliases: AliasStore
    let published: PublishedRooms
    let profiles: ProfileStore
    let sender: CommandSender
    let succession: RoomSuccession
    let clock: WallClock
    let logger: Logger

    /// Makes the room that replaces `old`, and leads `old`'s members there.
    ///
    /// Asked again by the same user it answers with the room it made.
    ///
    /// - Throws: `M_FORBIDDEN` unless `caller` is in the room and may send a tombstone.
    func upgrade(
        _ old: RoomID, to version: RoomVersion, by caller: UserID, creators: [UserID]
    ) async throws -> RoomID {
        try await access.demandJoined(caller, in: old)
        guard try await access.maySend(stateType: RoomSuccession.tombstone.type, caller, in: old) else {
            throw MatrixError.forbidden("You may not replace this room.")
        }
        let placement = try await sender.rooms.locate(old)
        if let made = try await replacement(of: old, placement, version, by: caller) { return made }
        let events = ReplacementEvents(
            old: old, oldVersion: placement.version, version: version, creator: caller, additionalCreators: creators,
            lastEvent: try await facts.newestEvent(of: old),
            profile: try await profiles.memberFields(of: [caller])[caller] ?? JSONObject(),
            current: try await facts.state(ReplacementEvents.carriedKeys, of: old, version: placement.version),
            children: try await facts.state(
                ofType: "m.space.child", in: old, version: placement.version, limit: Self.childrenMax))
        let start = try genesis.make(
            version, createContent: events.createContent, by: caller, events.carriedState, at: clock.now())
        try await sender.execute(
            .createRoom(start.command), id: .random(), in: ShardID.placement(of: start.room, count: shardCount))
        try await carryBans(from: old, placement, to: start.room, by: caller, sparing: creators)
        _ = try await sender.append(events.access, to: start.room, id: .random())
        try await close(old, placement, for: start.room, by: caller)
        return start.room
    }

    /// The room that `caller` has replaced `old` by already, when it is of `version`.
    private func replacement(
        of old: RoomID, _ placement: RoomPlacement, _ version: RoomVersion, by caller: UserID
    ) async throws -> RoomID? {
        let key = RoomSuccession.tombstone
        guard let event = try await facts.state([key], of: old, version: placement.version)[key],
            event.sender == caller, let room = RoomSuccession.replacement(in: event.content),
            try await sender.rooms.find(room)?.version == version
        else { return nil }
        return room
    }

    private func carryBans(
        from old: RoomID, _ placement: RoomPlacement, to room: RoomID, by caller: UserID, sparing creators: [UserID]
    ) async throws {
        let drafts = try await facts.bans(of: old, version: placement.version, limit: Self.bansMax)
            .filter { $0.user != caller && !creators.contains($0.user) }
            .map { user, content in
                var ban: JSONObject = ["membership": "ban"]
                ban["reason"] = content["reason"]
                return EventDraft(type: "m.room.member", stateKey: user.rawValue, sender: caller, content: ban)
            }
        let batch = WriterCommand.SendEvents.eventsMax
        for start in stride(from: 0, to: drafts.count, by: batch) {
            let part = Array(drafts[start..<min(start + batch, drafts.count)])
            _ = try await sender.append(part, to: room, id: .random())
        }
    }

    /// Ends the old room: its place in the directory, tombstone, silence.
    private func close(_ old: RoomID, _ placement: RoomPlacement, for room: RoomID, by caller: UserID) async throws {
        try await aliases.move(from: old, to: room)
        try await published.replace(old, by: room)
        let tombstone = EventDraft(
            type: RoomSuccession.tombstone.type, stateKey: "", sender: caller,
            content: ["body": "This room has been replaced.", "replacement_room": .string(room.rawValue)])
        _ = try await sender.append(tombstone, to: old, id: .random())
        let levels = try await facts.state([.powerLevels], of: old, version: placement.version)[.powerLevels]
        let quiet = EventDraft(
            type: "m.room.power_levels", stateKey: "", sender: caller,
            content: ReplacementEvents.silenced(levels?.content ?? JSONObject()), unlessUnchanged: true)
        do {
            _ = try await sender.append(quiet, to: old, id: .random())
        } catch let error as MatrixError where error.status == 403 {
            // Who may send a tombstone may not always change the levels; the room is replaced all the same.
            logger.notice("a replaced room stays open", metadata: ["room": "\(old)"])
        }
        await succession.carry(caller, into: room)
    }
}
