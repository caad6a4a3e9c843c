import CanonicalJSON
import NIOCore
import RoomReading
import Storage

/// An answer to a sync, and what is to be remembered once it is given.
struct SyncAnswer: PollAnswer {
    /// The body's JSON, in pieces.
    let pieces: [ByteBuffer]
    /// Whether it says nothing but where the client is.
    let isEmpty: Bool
    let next: SyncToken
    /// The members the client is told about, for those that load members lazily.
    let members: ToldMembers<SyncToken>.Members
    /// Bytes of the pieces that exist once for all answers.
    var sharedByteCount = 0

    var byteCount: Int { pieces.reduce(0) { $0 + $1.readableBytes } }

    /// The body, read again.
    func object() throws -> JSONObject {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for piece in pieces { bytes.append(contentsOf: piece.readableBytesView) }
        return try JSONObject.parse(bytes)
    }
}

/// The sections of an answer, before they are written.
struct SyncSections: Sendable {
    var joined: [JoinedRoom] = []
    var left: [LeftRoom] = []
    var invited: [UserRoom] = []
    var knocked: [UserRoom] = []
    var accountData: [AccountDataItem] = []
    var toDevice: ToDeviceBatch
    var typing: TypingPosition
    var presence = PresenceFinder.News()
    var encryption = EncryptionNews()

    /// Whether whom the user does not hear from matters.
    var hasRooms: Bool { !joined.isEmpty || !invited.isEmpty || !left.isEmpty }

    func without(invitesOf unwanted: UnwantedSenders) -> SyncSections {
        var sections = self
        sections.invited.removeAll { unwanted.hidesInvite(by: $0.sender) }
        return sections
    }
}
