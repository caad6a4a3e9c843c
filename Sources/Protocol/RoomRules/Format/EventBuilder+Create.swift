import CanonicalJSON
import Events
import Identifiers

extension EventBuilder {
    /// Builds a room's create event; its `room` is the new room's ID.
    ///
    /// `room_version`, and `creator` where the version has it, are put into the content.
    /// - Parameter room: the chosen ID; ignored from version 12 on, where the event's hash is the ID.
    public func buildCreate(
        version: RoomVersion, content: JSONObject, sender: UserID, room: RoomID?, originServerTS: Timestamp
    ) throws(EventBuildError) -> Event {
        var content = content
        content["room_version"] = .string(version.name)
        if rules.createContentHasCreator { content["creator"] = .string(sender.rawValue) }
        return try build(
            EventParts(
                room: rules.eventFormat.roomIDIsCreateEvent ? nil : room, type: "m.room.create", stateKey: "",
                sender: sender, content: content, originServerTS: originServerTS, depth: 1, prevEvents: [],
                authEvents: []))
    }
}
