import CanonicalJSON
import Events
import Identifiers

/// The rules of `m.room.create` (rule 1).
struct CreateRules {
    let event: Event
    let rules: RoomVersionRules

    func check() throws(AuthRule) {
        guard event.prevEvents.isEmpty else { throw .createHasPrevEvents }
        if rules.eventFormat.roomIDIsCreateEvent {
            guard event.json["room_id"] == nil else { throw .createHasRoomID }
        } else {
            guard event.room.server == event.sender.server else { throw .createRoomIDIsForeign }
        }
        if let version = event.content["room_version"] {
            guard version.stringValue.flatMap({ RoomVersion($0) }) != nil else { throw .createVersionUnknown }
        }
        if rules.createContentHasCreator, event.content["creator"] == nil { throw .createLacksCreator }
        if rules.creatorsAreInfinitelyPowerful, let others = event.content["additional_creators"] {
            guard let list = others.arrayValue, list.allSatisfy({ $0.stringValue.flatMap { UserID($0) } != nil }) else {
                throw .createAdditionalCreatorsInvalid
            }
        }
    }
}
