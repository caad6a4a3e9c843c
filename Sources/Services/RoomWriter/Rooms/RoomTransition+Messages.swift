import Events
import Identifiers
import RoomRules
import Storage

extension RoomTransition {
    /// Writes down what an event in force is to other events, to those who have to read it and those who look for it.
    mutating func note(_ event: Event, at position: ShardSequence) throws(Obstacle) {
        if let relation = EventRelationRow(event: event, position: position) { rows.relations.append(relation) }
        if let searchable = EventSearchRow(event: event, position: position) { rows.searchable.append(searchable) }
        if let sticky = StickyEventRow(event: event, position: position, arrival: facts.now) {
            rows.sticky.append(sticky)
        }
        guard let countable = CountableEventRow(event: event, position: position) else { return }
        rows.countable.append(countable)
        // Whoever is named need not be in the room; a row that nobody looks for is cheaper than to ask.
        for user in UnreadRule.mentionedUsers(in: event) where user.server == environment.server {
            rows.highlights.append(EventHighlightRow(room: head.room, user: user, position: position))
        }
        guard UnreadRule.mentionsRoom(in: event) else { return }
        let levels = try levels()
        if levels.level(of: event.sender) >= levels.notification("room") {
            rows.highlights.append(EventHighlightRow(room: head.room, user: nil, position: position))
        }
    }
}
