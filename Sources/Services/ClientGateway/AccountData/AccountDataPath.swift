import Identifiers
import MatrixHTTP

/// The path parameters of the account data endpoints.
struct AccountDataPath {
    let user: UserID
    /// `nil` for global account data.
    let room: RoomID?
    let type: String

    /// - Throws: `M_FORBIDDEN` for another user's, `M_INVALID_PARAM` for a bad ID or type.
    init(_ request: UserRequest, inRoom: Bool) throws {
        user = try request.path("userId", as: UserID.self)
        room = inRoom ? try request.path("roomId", as: RoomID.self) : nil
        type = try request.path("type")
        try EventLimits.check(type: type)
        guard user == request.caller else { throw MatrixError.forbidden("This is another user's account data.") }
    }

    /// Whether clients set this type by another endpoint, not as account data.
    var isServerControlled: Bool {
        type.utf8.elementsEqual("m.fully_read".utf8) || type.utf8.elementsEqual("m.push_rules".utf8)
    }
}
