import CanonicalJSON
import Identifiers
import Logging
import MatrixHTTP
import Storage
import WorkerContracts

/// An invite of somebody by their address, as clients ask for it (spec v1.19, `definitions/invite_3pid.yaml`).
struct ThirdPartyInvite: Sendable {
    /// The most of one request.
    static let perRequestMax = 20

    let session: IdentityServers.Session
    let address: ThirdPartyAddress

    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`.
    init(_ body: BodyFields) throws {
        session = try IdentityServers.Session(body)
        address = try ThirdPartyAddress(body)
    }

    /// Those of `invite_3pid`.
    static func list(_ body: BodyFields) throws -> [ThirdPartyInvite] {
        let elements = try body.array("invite_3pid") ?? []
        guard elements.count <= perRequestMax else {
            throw MatrixError.invalidParam("One request invites at most \(perRequestMax) people by their addresses.")
        }
        return try elements.map { element in
            guard let object = element.objectValue else {
                throw MatrixError.badJSON("'invite_3pid' must be an array of objects.")
            }
            return try ThirdPartyInvite(BodyFields(object))
        }
    }
}

/// Invites people by their addresses (spec v1.19, "Third-party invites").
struct ThirdPartyInviter: Sendable {
    let identity: IdentityServers
    let access: RoomAccess
    let previews: RoomPreviews
    let profiles: ProfileStore
    let sender: CommandSender
    let rates: RateLimits

    /// The users that the invites' identity servers know the addresses of.
    ///
    /// - Throws: `M_LIMIT_EXCEEDED`, what an identity server refuses with, 503 when one cannot be asked.
    func users(_ invites: [ThirdPartyInvite], invitedBy inviter: UserID) async throws -> [ThirdPartyAddress: UserID] {
        try await rates.demand(.thirdPartyInvite, of: inviter.rawValue, count: invites.count)
        var users: [ThirdPartyAddress: UserID] = [:]
        for (session, ofSession) in Dictionary(grouping: invites, by: \.session) {
            users.merge(try await identity.lookUp(ofSession.map(\.address), in: session)) { first, _ in first }
        }
        return users
    }

    /// Leaves an invite to `room` for somebody whom the identity server does not know, with that server.
    ///
    /// - Throws: `M_FORBIDDEN` when the inviter may not invite, what the identity server refuses with, 503 when it cannot
    ///   be asked.
    func leave(_ invite: ThirdPartyInvite, to room: RoomID, by inviter: UserID) async throws {
        try await access.demandMayInvite(inviter, to: room)
        let (token, content) = try await identity.storeInvite(
            try await description(invite.address, room, inviter), in: invite.session)
        try EventLimits.check(stateKey: token)
        try EventLimits.check(content: content)
        _ = try await sender.append(
            EventDraft(type: "m.room.third_party_invite", stateKey: token, sender: inviter, content: content),
            to: room, id: .random())
    }

    /// What is told to whoever has the address.
    private func description(
        _ address: ThirdPartyAddress, _ room: RoomID, _ inviter: UserID
    ) async throws -> JSONObject {
        var object: JSONObject = [
            "medium": .string(address.medium), "address": .string(address.address),
            "room_id": .string(room.rawValue), "sender": .string(inviter.rawValue),
        ]
        let preview = try await previews.fetch([room])[room]?.json ?? JSONObject()
        let profile = try await profiles.memberFields(of: [inviter])[inviter] ?? JSONObject()
        object["room_name"] = preview["name"]
        object["room_avatar_url"] = preview["avatar_url"]
        object["room_alias"] = preview["canonical_alias"]
        object["room_join_rules"] = preview["join_rule"]
        object["room_type"] = preview["room_type"]
        object["sender_display_name"] = profile["displayname"]
        object["sender_avatar_url"] = profile["avatar_url"]
        return object
    }
}
