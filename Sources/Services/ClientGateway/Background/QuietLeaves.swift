import Identifiers
import Logging
import MatrixHTTP
import WorkerContracts

/// Takes users out of rooms, in their own names.
struct QuietLeaves: Sendable {
    let sender: CommandSender
    let logger: Logger

    /// Leaves `room` in the name of `user`; a room that refuses is passed over.
    ///
    /// - Throws: when the room's writer cannot be reached.
    func leave(_ room: RoomID, _ user: UserID) async throws {
        let draft = EventDraft(
            type: "m.room.member", stateKey: user.rawValue, sender: user,
            content: ["membership": .string(Membership.leave.rawValue)], unlessUnchanged: true)
        do {
            _ = try await sender.append([draft], to: room, id: .random())
        } catch let error as MatrixError where error.status == 403 || error.status == 404 {
            logger.notice("a user stays in a room", metadata: ["error": "\(error)"])
        }
    }
}
