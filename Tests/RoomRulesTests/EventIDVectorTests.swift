import CanonicalJSON
import Events
import RoomRules
import Testing

/// Hashes and IDs of whole events against those that an implementation of its own computed.
@Suite struct EventIDVectorTests {
    @Test(arguments: 3...12)
    func idsAreThoseComputedElsewhere(version: Int) throws {
        let rules = try #require(RoomVersion("\(version)")).rules
        let vectors = try Fixtures.list("event-ids/events.json")
        #expect(vectors.count == 8)
        for vector in vectors {
            let event = try #require(vector["event"]?.objectValue)
            let id = try EventHashing.eventID(event, format: rules.eventFormat, redact: rules.redactEvent)
            #expect(.string(id.rawValue) == vector["ids"]?["\(version)"], "\(event["type"] ?? nil)")
            #expect(EventHashing.hasValidContentHash(event))
        }
    }
}
