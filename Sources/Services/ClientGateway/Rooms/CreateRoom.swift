import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Creates a room: `POST /_matrix/client/v3/createRoom` (spec v1.19, "Creation").
struct CreateRoom: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/createRoom", cost: .write, bodyLimit: .createRoom)

    /// Kept of a request's time for the last invite and the answer.
    private static let answerTime = IdentityServers.callMax + .seconds(2)

    let server: ServerName
    let shardCount: Int
    let genesis: RoomGenesis
    let aliases: AliasStore
    let published: PublishedRooms
    let profiles: ProfileStore
    let sender: CommandSender
    let inviteGuard: InviteGuard
    let thirdParty: ThirdPartyInviter
    let rates: RateLimits
    let clock: WallClock

    /// - Throws: `M_BAD_JSON`, `M_INVALID_PARAM`, `M_UNSUPPORTED_ROOM_VERSION`, `M_ROOM_IN_USE` for a taken alias,
    ///   `M_INVALID_ROOM_STATE` when the rules refuse what the request implies.
    func respond(to request: UserRequest) async throws -> JSONObject {
        var wish = try CreateRoomRequest(BodyFields(try request.jsonBody()), server: server)
        guard wish.invites.allSatisfy({ $0.server == server }) else {
            throw MatrixError.forbidden("This server does not reach other servers.")
        }
        try await rates.demand(.roomCreation, of: request.caller.rawValue)
        try await resolve(&wish, for: request.caller)
        try await inviteGuard.count(wish.invites, by: request.caller)
        let alias = try alias(of: wish)
        let events = FirstEvents(
            request: wish, creator: request.caller, alias: alias,
            profiles: try await profiles.memberFields(of: [request.caller] + wish.invites))
        let start = try genesis.make(events, at: clock.now())
        if let alias {
            guard try await aliases.reserve(alias, for: start.room, by: request.caller, at: clock.now()) else {
                throw MatrixError(status: 400, errcode: "M_ROOM_IN_USE", message: "Room alias \(alias) already exists.")
            }
        }
        try await create(start, alias)
        if wish.isPublished {
            try await published.insert(start.room, by: request.caller, members: 1, at: clock.now())
        }
        // Who takes no invites of the caller's is not invited; the room is there all the same.
        let invited = Set(try await inviteGuard.allowed(wish.invites, by: request.caller))
        let drafts = events.invites.filter { $0.stateKey.flatMap { UserID($0) }.map(invited.contains) ?? false }
        try await invite(drafts, to: start.room)
        await invite(
            wish.thirdPartyInvites, to: start.room, by: request.caller, until: request.deadline - Self.answerTime)
        return ["room_id": .string(start.room.rawValue)]
    }

    /// Makes invites by addresses that identity servers know invites of users, before there is a room to leave behind.
    private func resolve(_ wish: inout CreateRoomRequest, for caller: UserID) async throws {
        guard !wish.thirdPartyInvites.isEmpty else { return }
        let users = try await thirdParty.users(wish.thirdPartyInvites, invitedBy: caller)
        for user in Set(users.values).sorted() where user.server == server && !wish.invites.contains(user) {
            wish.invites.append(user)
        }
        wish.thirdPartyInvites.removeAll { users[$0.address] != nil }
    }

    /// The room exists by now, whatever becomes of an invite by an address.
    private func invite(
        _ invites: [ThirdPartyInvite], to room: RoomID, by caller: UserID, until deadline: ContinuousClock.Instant
    ) async {
        for invite in invites {
            guard ContinuousClock.now < deadline else {
                thirdParty.identity.logger.notice("there was no time for all invites by addresses")
                return
            }
            do {
                try await thirdParty.leave(invite, to: room, by: caller)
            } catch {
                thirdParty.identity.logger.notice(
                    "an invite by an address was not left",
                    metadata: ["server": "\(invite.session.server)", "error": "\(error)"])
            }
        }
    }

    private func alias(of wish: CreateRoomRequest) throws -> RoomAlias? {
        guard let localpart = wish.aliasLocalpart else { return nil }
        guard let alias = RoomAlias("#\(localpart):\(server)"), alias.server == server,
            !localpart.utf8.contains(UInt8(ascii: ":"))
        else { throw MatrixError.invalidParam("'room_alias_name' does not make a valid room alias.") }
        return alias
    }

    private func create(_ start: RoomGenesis.Start, _ alias: RoomAlias?) async throws {
        do {
            try await sender.execute(
                .createRoom(start.command), id: .random(), in: ShardID.placement(of: start.room, count: shardCount))
        } catch let error as MatrixError where error.status == 403 {
            // Definitely not made: the alias is free again. After other errors it may exist; the reservation lapses.
            if let alias { try await aliases.delete(alias, of: start.room) }
            throw MatrixError(status: 400, errcode: "M_INVALID_ROOM_STATE", message: error.message)
        }
    }

    /// The room exists by now: an invite that the rules refuse does not undo it.
    private func invite(_ drafts: [EventDraft], to room: RoomID) async throws {
        for draft in drafts {
            do {
                _ = try await sender.append(draft, to: room, id: .random())
            } catch let error as MatrixError where error.status == 403 {
                continue
            }
        }
    }
}
