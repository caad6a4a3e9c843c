import CanonicalJSON
import Events
import Identifiers

/// A room in a space, as the space says (spec v1.19, "`m.space.child` relationship").
package struct SpaceChild {
    static let type = "m.space.child"
    /// The longest `order`.
    private static let orderBytesMax = 50

    package let room: RoomID
    let event: Event
    private let order: String?

    /// `nil` for an event that takes a room out of the space, or says nothing.
    package init?(_ event: Event) {
        guard event.isType(Self.type), let room = event.stateKey.flatMap({ RoomID($0) }),
            let via = event.content["via"]?.arrayValue, !via.isEmpty
        else { return nil }
        self.room = room
        self.event = event
        order = event.content["order"]?.stringValue.flatMap { Self.isValid(order: $0) ? $0 : nil }
    }

    var isSuggested: Bool { event.content["suggested"]?.boolValue ?? false }

    /// The event, stripped, with when it was sent.
    var json: JSONValue {
        [
            "type": .string(event.type), "state_key": .string(room.rawValue), "content": .object(event.content),
            "sender": .string(event.sender.rawValue), "origin_server_ts": .int(event.originServerTS.milliseconds),
        ]
    }

    private static func isValid(order: String) -> Bool {
        (1...orderBytesMax).contains(order.utf8.count) && order.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }
}

extension SpaceChild: Comparable {
    /// Those with an order first, by it; then by when they were put in, then by room.
    package static func < (left: SpaceChild, right: SpaceChild) -> Bool {
        if let (a, b) = left.order.flatMap({ a in right.order.map { (a, $0) } }), !a.utf8.elementsEqual(b.utf8) {
            return a.utf8.lexicographicallyPrecedes(b.utf8)
        }
        if (left.order == nil) != (right.order == nil) { return left.order != nil }
        let (then, now) = (left.event.originServerTS.milliseconds, right.event.originServerTS.milliseconds)
        return then == now ? left.room < right.room : then < now
    }

    package static func == (left: SpaceChild, right: SpaceChild) -> Bool { left.event == right.event }
}
