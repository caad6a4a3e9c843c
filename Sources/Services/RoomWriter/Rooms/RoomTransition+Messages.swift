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
        if let countable = CountableEventRow(event: event, position: position) { rows.countable.append(countable) }
        // Whoever is named need not be in the room; a row that nobody looks for is cheaper than to ask.
        for user in UnreadRule.mentionedUsers(in: event) where user.server == environment.server {
            rows.highlights.append(EventHighlightRow(event: event, user: user, position: position))
        }
        if try singlesOutRoom(event) {
            rows.highlights.append(EventHighlightRow(event: event, user: nil, position: position))
        }
    }

    /// Whether an event singles out everybody: by what it is, or because it mentions them and its sender may.
    private func singlesOutRoom(_ event: Event) throws(Obstacle) -> Bool {
        if UnreadRule.concernsRoom(event) { return true }
        guard UnreadRule.mentionsRoom(in: event) else { return false }
        let levels = try levels()
        return levels.level(of: event.sender) >= levels.notification("room")
    }
}
