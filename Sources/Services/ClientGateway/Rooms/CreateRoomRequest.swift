import CanonicalJSON
import Identifiers
import MatrixHTTP
import RoomRules

/// The body of `POST /createRoom`, checked.
package struct CreateRoomRequest {
    /// The most users one request invites.
    package static let invitesMax = 200
    /// The most events `initial_state` may have.
    package static let initialStateMax = 100

    struct StateEvent {
        var type: String
        var stateKey: String
        var content: JSONObject
    }

    var version: RoomVersion
    var preset: RoomPreset
    /// Whether the room is in the directory.
    var isPublished: Bool
    var aliasLocalpart: String?
    var name: String?
    var topic: String?
    var invites: [UserID]
    /// Who is invited by their addresses.
    var thirdPartyInvites: [ThirdPartyInvite]
    var isDirect: Bool
    var creationContent: JSONObject
    /// From room version 12: who else has infinite power.
    var additionalCreators: [UserID]
    var initialState: [StateEvent]
    var powerLevelOverride: JSONObject

    /// - Parameter server: this server, which the room must not bar.
    /// - Throws: `M_BAD_JSON` for wrong types, `M_INVALID_PARAM` for values out of range,
    ///   `M_UNSUPPORTED_ROOM_VERSION`.
    package init(_ body: BodyFields, server: ServerName) throws {
        version = try Self.version(body)
        isPublished = try Self.isPublished(body)
        preset = try Self.preset(body, isPublished: isPublished)
        aliasLocalpart = try body.string("room_alias_name")
        name = try body.string("name")
        topic = try body.string("topic")
        invites = try body.identifiers("invite", as: UserID.self) ?? []
        thirdPartyInvites = try ThirdPartyInvite.list(body)
        isDirect = try body.bool("is_direct") ?? false
        creationContent = try body.object("creation_content") ?? JSONObject()
        initialState = try Self.initialState(body, server: server)
        powerLevelOverride = try body.object("power_level_content_override") ?? JSONObject()
        additionalCreators = try BodyFields(creationContent).identifiers("additional_creators", as: UserID.self) ?? []

        guard invites.count <= Self.invitesMax else {
            throw MatrixError.invalidParam("One request invites at most \(Self.invitesMax) users.")
        }
        _ = try BodyFields(creationContent).bool("m.federate")
        _ = try BodyFields(creationContent).string("type")
        _ = try BodyFields(creationContent).object("predecessor")
        try EventLimits.check(content: creationContent)
        try EventLimits.check(content: powerLevelOverride)
    }

    private static func version(_ body: BodyFields) throws -> RoomVersion {
        guard let name = try body.string("room_version") else { return RoomVersion.default }
        guard let version = RoomVersion(name) else {
            throw MatrixError(
                status: 400, errcode: "M_UNSUPPORTED_ROOM_VERSION", message: "This server has no such room version.")
        }
        return version
    }

    private static func isPublished(_ body: BodyFields) throws -> Bool {
        switch try body.string("visibility") {
        case nil, "private"?: false
        case "public"?: true
        default: throw MatrixError.invalidParam("'visibility' is public or private.")
        }
    }

    private static func preset(_ body: BodyFields, isPublished: Bool) throws -> RoomPreset {
        guard let name = try body.string("preset") else { return isPublished ? .publicChat : .privateChat }
        guard let preset = RoomPreset(rawValue: name) else {
            throw MatrixError.invalidParam("There is no such preset.")
        }
        return preset
    }

    private static func initialState(_ body: BodyFields, server: ServerName) throws -> [StateEvent] {
        let elements = try body.array("initial_state") ?? []
        guard elements.count <= initialStateMax else {
            throw MatrixError.invalidParam("'initial_state' has at most \(initialStateMax) events.")
        }
        return try elements.map { element in
            guard let object = element.objectValue else {
                throw MatrixError.badJSON("'initial_state' must be an array of objects.")
            }
            let fields = BodyFields(object)
            guard let content = try fields.object("content") else { throw MatrixError.badJSON("'content' is missing.") }
            guard let type = try fields.string("type") else { throw MatrixError.badJSON("'type' is missing.") }
            let event = StateEvent(type: type, stateKey: try fields.string("state_key") ?? "", content: content)
            try EventLimits.check(type: event.type)
            try EventLimits.check(stateKey: event.stateKey)
            try EventLimits.check(content: event.content)
            try StateContentRules(server: server).check(event.type, event.stateKey, event.content)
            return event
        }
    }
}
