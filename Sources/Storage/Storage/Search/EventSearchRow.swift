import Events
import Identifiers
import Postgres

/// What of an event is searched (spec v1.19, client-server API, "Server Side Search").
public enum SearchKey: Int16, Sendable, CaseIterable {
    case body = 1
    case name = 2
    case topic = 3

    /// As clients name it.
    public var name: String {
        switch self {
        case .body: "content.body"
        case .name: "content.name"
        case .topic: "content.topic"
        }
    }

    /// What is searched of `event`; `nil` for one of which nothing is.
    static func text(of event: Event) -> (SearchKey, String)? {
        func found(_ key: SearchKey, _ member: String) -> (SearchKey, String)? {
            event.content[member]?.stringValue.map { (key, $0) }
        }
        if event.isType("m.room.message"), !event.isState { return found(.body, "body") }
        if event.isType("m.room.name"), event.isState { return found(.name, "name") }
        if event.isType("m.room.topic"), event.isState { return found(.topic, "topic") }
        return nil
    }
}

/// A row of `event_search`: the terms of an event.
public struct EventSearchRow: Sendable {
    public var event: Event
    public var key: SearchKey
    public var terms: SearchTerms
    public var position: ShardSequence

    /// - Returns: `nil` for an event that nobody can look for.
    public init?(event: Event, position: ShardSequence) {
        guard let (key, text) = SearchKey.text(of: event) else { return nil }
        let terms = SearchTerms(text)
        guard !terms.isEmpty else { return nil }
        self.event = event
        self.key = key
        self.terms = terms
        self.position = position
    }

    /// Adds the terms of new events.
    public static func insert(_ rows: [EventSearchRow], in shards: [ShardID]) -> PostgresStatement {
        PostgresStatement(
            """
            INSERT INTO event_search (room_id, seq, shard, event_id, origin_server_ts, key, words)
            SELECT room_id, seq, shard, event_id, origin_server_ts, key, words::tsvector
              FROM unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::smallint[], $7::text[])
                   AS rows (shard, room_id, event_id, seq, origin_server_ts, key, words)
            """,
            [
                shards.map(\.number), rows.map(\.event.room.rawValue), rows.map(\.event.id.rawValue),
                rows.map(\.position.value), rows.map(\.event.originServerTS.milliseconds), rows.map(\.key.rawValue),
                rows.map(\.terms.vector),
            ])
    }

    /// Forgets redacted events.
    public static func remove(_ events: [EventID]) -> PostgresStatement {
        PostgresStatement(
            """
            DELETE FROM event_search AS s USING event AS e
             WHERE e.event_id = ANY($1::text[]) AND s.room_id = e.room_id AND s.seq = e.seq
            """, [events.map(\.rawValue)])
    }
}
