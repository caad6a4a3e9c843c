import CanonicalJSON
import Identifiers
import Logging
import MatrixHTTP
import Storage
import WorkerContracts

/// Changes profiles, and shows the change in the rooms the user is in.
struct ProfileSetter: Sendable {
    /// The most rooms one change is shown in; the rest show it with the user's next change of membership there.
    static let roomsMax = 2_000
    /// How many rooms are written to at once.
    static let concurrencyMax = 8

    let profiles: ProfileStore
    let access: RoomAccess
    let sender: CommandSender
    let logger: Logger

    /// Stores or (with `nil`) removes one field, without telling any room.
    ///
    /// - Throws: `M_PROFILE_TOO_LARGE`.
    func store(_ name: String, _ value: JSONValue?, of user: UserID) async throws {
        guard let value else { return try await profiles.delete(name, of: user) }
        guard try await profiles.set(name, to: value, of: user) == .stored else {
            throw MatrixError(
                status: 400, errcode: "M_PROFILE_TOO_LARGE",
                message: "A profile is at most \(ProfileStore.bytesMax) bytes.")
        }
    }

    /// Stores or removes one field and writes the user's member event anew in each room they are in.
    ///
    /// A room that refuses is passed over: the profile itself is stored, and repeating the request repairs the rest.
    func set(_ key: ProfileKey, to value: JSONValue?, of user: UserID) async throws {
        try await store(key.name, value, of: user)
        guard key.isInMemberEvents else { return }
        var content = try await profiles.memberFields(of: [user])[user] ?? JSONObject()
        content["membership"] = .string(Membership.join.rawValue)
        let draft = EventDraft(
            type: "m.room.member", stateKey: user.rawValue, sender: user, content: content, unlessUnchanged: true)
        var rooms = try await access.joinedRooms(of: user).prefix(Self.roomsMax).makeIterator()

        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.concurrencyMax {
                guard let room = rooms.next() else { break }
                group.addTask { await show(draft, in: room) }
            }
            while await group.next() != nil, let room = rooms.next() {
                group.addTask { await show(draft, in: room) }
            }
        }
    }

    private func show(_ draft: EventDraft, in room: RoomID) async {
        do {
            _ = try await sender.append([draft], to: room, id: .random())
        } catch {
            logger.notice("a room did not take a profile change", metadata: ["error": "\(error)"])
        }
    }
}
