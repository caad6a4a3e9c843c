import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Writes `m.room.member` events for callers.
struct MembershipWriter: Sendable {
    let sender: CommandSender
    let profiles: ProfileStore

    /// Sets the membership of `target` in `room`, in the name of `caller`.
    ///
    /// - Parameters:
    ///   - showsProfile: puts the target's display name and avatar into the event.
    ///   - extra: further members of its content.
    /// - Throws: what the room's writer refuses with: `M_FORBIDDEN` when the rules of the room do not allow it.
    @discardableResult
    func set(
        _ membership: Membership, of target: UserID, by caller: UserID, in room: RoomID, reason: String?,
        showsProfile: Bool = false, extra: JSONObject = JSONObject()
    ) async throws -> EventID {
        var content = extra
        if showsProfile {
            let profile = try await profiles.memberFields(of: [target])[target] ?? JSONObject()
            for member in profile.members { content[member.key] = member.value }
        }
        content["membership"] = .string(membership.rawValue)
        content["reason"] = reason.map(JSONValue.string)
        try EventLimits.check(content: content)
        let draft = EventDraft(
            type: "m.room.member", stateKey: target.rawValue, sender: caller, content: content, unlessUnchanged: true)
        return try await sender.append(draft, to: room, id: .random())
    }

    /// Sets the membership that a request asks for, in the name of `caller`.
    ///
    /// - Throws: what ``set(_:of:by:in:reason:showsProfile:extra:)`` throws.
    func set(_ membership: Membership, _ asked: AskedMembership, by caller: UserID) async throws {
        try await set(membership, of: asked.target, by: caller, in: asked.room, reason: asked.reason)
    }

    /// The user a request is about: its `user_id`.
    static func target(_ body: BodyFields) throws -> UserID {
        try body.requiredIdentifier("user_id", as: UserID.self)
    }
}
