import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import WorkerContracts

/// Sets state: `PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}` (spec v1.19, "Sending events").
struct PutState: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}", cost: .write, bodyLimit: .event)

    let setter: StateSetter

    func respond(to request: UserRequest) async throws -> JSONObject {
        try await setter.set(request, stateKey: try request.path("stateKey"))
    }
}

/// Sets state with the empty key: `PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}` (spec v1.19).
struct PutStateWithoutKey: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}", cost: .write, bodyLimit: .event)

    let setter: StateSetter

    func respond(to request: UserRequest) async throws -> JSONObject {
        try await setter.set(request, stateKey: "")
    }
}

/// What both ways of setting state do.
struct StateSetter: Sendable {
    let sender: CommandSender
    let aliases: CanonicalAliasRule
    let server: ServerName
    let inviteGuard: InviteGuard
    let joinGuard: JoinGuard
    let delays: DelayedEvents
    let rates: RateLimits

    /// With `org.matrix.msc4140.delay` it is set later (MSC4140), with `org.matrix.msc4354.sticky_duration_ms` it sticks
    /// (MSC4354).
    ///
    /// - Throws: `M_FORBIDDEN` for an unknown room or when the caller may not set it, and as
    ///   ``draft(_:_:_:in:_:)``.
    func set(_ request: UserRequest, stateKey: String) async throws -> JSONObject {
        let room = try request.path("roomId", as: RoomID.self)
        let type = try request.path("eventType")
        let sticky = try request.stickyDuration()
        var draft = try await draft(type, stateKey, try request.jsonBody(), in: room, request)
        draft.stickyDuration = sticky
        // What sticks anew is to be told anew, whatever it says.
        draft.unlessUnchanged = sticky == nil
        if let delay = try DelayedEvents.delay(request) {
            return try await delays.schedule(draft, in: room, after: delay, id: .random(), .query)
        }
        let event = try await sender.append(draft, to: room, id: .random())
        return ["event_id": .string(event.rawValue)]
    }

    /// A draft of the state that `request` wants set, checked.
    ///
    /// - Throws: `M_BAD_JSON`, `M_TOO_LARGE`, `M_BAD_ALIAS`, `M_INVITE_BLOCKED`, `M_INVALID_PARAM`, `M_LIMIT_EXCEEDED`.
    func draft(
        _ type: String, _ stateKey: String, _ content: JSONObject, in room: RoomID, _ request: UserRequest
    ) async throws -> EventDraft {
        try EventLimits.check(type: type)
        try EventLimits.check(stateKey: stateKey)
        try EventLimits.check(content: content)
        try StateContentRules(server: server).check(type, stateKey, content)
        try await checkMember(type, stateKey, content, in: room, request)
        if type.utf8.elementsEqual("m.room.canonical_alias".utf8) { try await aliases.check(content, in: room) }
        try await rates.demand(.message, of: request.caller.rawValue)
        return EventDraft(
            type: type, stateKey: stateKey, sender: request.caller, content: content, unlessUnchanged: true)
    }

    /// A member event is about a user; users of other servers cannot be invited from here yet.
    private func checkMember(
        _ type: String, _ stateKey: String, _ content: JSONObject, in room: RoomID, _ request: UserRequest
    ) async throws {
        guard type.utf8.elementsEqual("m.room.member".utf8) else { return }
        guard let user = UserID(stateKey) else { throw MatrixError.invalidParam("The state key is not a user ID.") }
        switch try BodyFields(content).string("membership").flatMap(Membership.init) {
        case .invite?:
            guard user.server == server else {
                throw MatrixError.forbidden("This server does not reach other servers.")
            }
            try await inviteGuard.check(user, by: request.caller, to: room)
        case .join?: try await joinGuard.checkUnlessJoined(request, room)
        case .leave?, .ban?, .knock?: return
        case nil: throw MatrixError.badJSON("'membership' is join, invite, leave, ban or knock.")
        }
    }
}
