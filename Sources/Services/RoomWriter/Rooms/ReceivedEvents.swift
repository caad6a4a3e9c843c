import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Signing
import Storage

/// Reads PDUs made elsewhere and checks what can be checked of each alone.
struct ReceivedEvents {
    let room: RoomID
    let rules: RoomVersionRules
    let environment: RoomEnvironment

    /// The events of `pdus`, in their order.
    ///
    /// - Throws: `M_BAD_JSON`, `M_TOO_LARGE`, `M_FORBIDDEN` for a bad signature.
    func read(_ pdus: [JSONObject]) throws(Obstacle) -> [Event] {
        var events: [Event] = []
        events.reserveCapacity(pdus.count)
        for pdu in pdus { events.append(try read(pdu)) }
        return events
    }

    private func read(_ pdu: JSONObject) throws(Obstacle) -> Event {
        var json = pdu
        json["unsigned"] = nil
        do throws(EventBuildError) { try EventBuilder.checkSize(json) } catch {
            throw RoomTransition.refusal(of: error)
        }
        if rules.requiresCanonicalJSON {
            do throws(JSONError) { try json.requireCanonical() } catch {
                throw .badRequest("M_BAD_JSON", "The event is not canonical JSON.")
            }
        }
        // A wrong content hash means that somebody took something out: only what redaction keeps is to be trusted.
        if !EventHashing.hasValidContentHash(json) { json = RoomRules.redact(json, rules: rules) }
        let event: Event
        do throws(EventError) {
            let id = try EventHashing.eventID(json, format: rules.eventFormat, redact: rules.redactEvent)
            event = try Event(json: json, id: id, format: rules.eventFormat)
        } catch {
            throw .badRequest("M_BAD_JSON", "The event is malformed: \(error).")
        }
        guard event.room == room else { throw .badRequest("M_BAD_JSON", "The event is of another room.") }
        guard event.prevEvents.count <= Event.prevEventsMax, event.authEvents.count <= Event.authEventsMax else {
            throw .badRequest("M_BAD_JSON", "The event names too many events.")
        }
        try checkOwnSignature(of: event)
        return event
    }

    /// Others' signatures are checked where events come in; what claims to be of this server is checked here.
    private func checkOwnSignature(of event: Event) throws(Obstacle) {
        guard requiredSignatures(of: event, rules: rules).contains(environment.server) else { return }
        let isValid = EventHashing.hasValidSignature(
            event.json, by: environment.server, keyID: environment.key.keyID, key: environment.ownKey,
            redact: rules.redactEvent)
        guard isValid else { throw .forbidden("This server has not signed event \(event.id).") }
    }
}
