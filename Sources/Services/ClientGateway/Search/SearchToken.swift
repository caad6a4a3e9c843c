import CanonicalJSON
import Identifiers
import Signing
import Storage

/// Where the next results of a search begin: `f1_` and base64url of a place, and of the one group it goes on with.
struct SearchToken: Sendable {
    static let prefix = "f1_"
    static let lengthMax = 2_000

    var place: SearchPlace
    /// Only results of this room.
    var room: RoomID?
    /// Only results of this sender.
    var sender: UserID?

    init(place: SearchPlace, room: RoomID? = nil, sender: UserID? = nil) {
        self.place = place
        self.room = room
        self.sender = sender
    }

    var text: String {
        var object: JSONObject = [
            "s": .int(Int64(bitPattern: place.score.bitPattern)), "t": .int(place.at.milliseconds),
            "e": .string(place.event.rawValue),
        ]
        object["r"] = room.map { .string($0.rawValue) }
        object["u"] = sender.map { .string($0.rawValue) }
        return Self.prefix + UnpaddedBase64.encode(object.bytes(), alphabet: .urlSafe)
    }

    /// Reads a token; `nil` for anything else.
    init?(_ text: String) {
        guard text.utf8.count <= Self.lengthMax, text.utf8.starts(with: Self.prefix.utf8),
            let bytes = UnpaddedBase64.decode(text.dropFirst(Self.prefix.count), alphabet: .urlSafe),
            // Why it does not parse is of no use to the caller.
            let object = try? JSONObject.parse(bytes), let score = object["s"]?.intValue,
            let at = object["t"]?.intValue, let event = object["e"]?.stringValue.flatMap({ EventID($0) })
        else { return nil }
        let value = Double(bitPattern: UInt64(bitPattern: score))
        guard value.isFinite else { return nil }
        place = SearchPlace(score: value, at: Timestamp(milliseconds: at), event: event)
        room = object["r"]?.stringValue.flatMap { RoomID($0) }
        sender = object["u"]?.stringValue.flatMap { UserID($0) }
    }
}
