import CanonicalJSON
import Identifiers
import RoomRules
import Storage

// A room with join rule `restricted` or `knock_restricted` lets in whoever is in one of the rooms it names (spec v1.19,
// "Restricted rooms"). The join names a member whose server vouches for that, and who may invite. The other rooms'
// memberships are read as committed: a user who leaves the other room at the same moment may still get in.

/// Finds who may vouch for a join of a restricted room.
struct RestrictedJoin: Sendable {
    /// The most rooms of a join rule that are looked at.
    static let roomsMax = 50

    let access: RoomAccess

    /// What a join of `room` by `caller` says about who let them in; empty when nobody needs to, or can.
    ///
    /// When nobody can, the room's writer refuses the join by the rules of the room.
    func authorisation(for caller: UserID, in room: RoomID) async throws -> JSONObject {
        guard let rule = try await access.currentContent("m.room.join_rules", "", in: room),
            let name = rule["join_rule"]?.stringValue, name == "restricted" || name == "knock_restricted"
        else { return JSONObject() }
        switch try await access.membership(of: caller, in: room) {
        case .join, .invite, .ban: return JSONObject()
        case .leave, .knock, nil: break
        }
        guard try await isInOne(of: rule["allow"]?.arrayValue ?? [], caller),
            let voucher = try await access.memberWhoMayInvite(to: room)
        else { return JSONObject() }
        return ["join_authorised_via_users_server": .string(voucher.rawValue)]
    }

    private func isInOne(of conditions: [JSONValue], _ user: UserID) async throws -> Bool {
        let rooms = conditions.prefix(Self.roomsMax).compactMap { condition -> RoomID? in
            guard condition["type"]?.stringValue == "m.room_membership" else { return nil }
            return condition["room_id"]?.stringValue.flatMap { RoomID($0) }
        }
        return try await access.isJoined(user, toOneOf: rooms)
    }
}
