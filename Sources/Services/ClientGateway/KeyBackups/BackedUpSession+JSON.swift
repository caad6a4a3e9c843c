import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage

extension BackedUpSession {
    /// The longest name of a session, in bytes.
    static let sessionBytesMax = 255
    /// The most bytes of a key.
    static let dataBytesMax = 65_536

    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`, `M_TOO_LARGE`.
    init(_ json: JSONObject, room: RoomID, session: String) throws {
        let fields = BodyFields(json)
        guard let index = try fields.int("first_message_index"), let forwarded = try fields.int("forwarded_count"),
            let isVerified = try fields.bool("is_verified"), let data = try fields.object("session_data")
        else { throw MatrixError.missingParam("A backed-up key lacks something.") }
        guard index >= 0, forwarded >= 0, session.utf8.count <= Self.sessionBytesMax else {
            throw MatrixError.invalidParam("A number is negative, or a session's name too long.")
        }
        guard data.bytes().count <= Self.dataBytesMax else { throw MatrixError.tooLarge("A key is too large.") }
        self.init(
            room: room, session: session, firstMessageIndex: index, forwardedCount: forwarded, isVerified: isVerified,
            data: data)
    }

    /// The sessions of one room, from its `sessions`.
    static func ofRoom(_ room: RoomID, _ json: JSONObject) throws -> [BackedUpSession] {
        guard let sessions = try BodyFields(json).object("sessions") else {
            throw MatrixError.missingParam("'sessions' is missing.")
        }
        return try sessions.members.map { member in
            guard let session = member.value.objectValue else { throw MatrixError.badJSON("A session is an object.") }
            return try BackedUpSession(session, room: room, session: member.key)
        }
    }

    var json: JSONObject {
        [
            "first_message_index": .int(firstMessageIndex), "forwarded_count": .int(forwardedCount),
            "is_verified": .bool(isVerified), "session_data": .object(data),
        ]
    }
}

extension KeyBackup {
    var json: JSONObject {
        [
            "algorithm": .string(algorithm), "auth_data": .object(authData), "count": .int(count),
            "etag": .string("\(etag)"), "version": .string("\(version)"),
        ]
    }
}
