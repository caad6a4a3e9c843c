import CanonicalJSON
import Events
import Identifiers
import Storage

// A page of events asks once for what relates to all of them, then for the events to be shown inside of them. A thread's
// latest event has an edit of its own, so it is asked about once more; there it ends, since an edit has none and a thread
// begins at no event that relates to another.

/// What `unsigned.m.relations` of an event is, for one viewer.
public struct RelationBundle: Sendable {
    /// Members of `m.relations`, ready.
    let members: [UInt8]
    let hasThread: Bool
}

/// Finds what is shown inside of events of those that relate to them (spec v1.19, "Aggregations of child events").
public struct RelationBundles: Sendable {
    private let relations: RelationStore
    private let ignored: IgnoredUsers

    public init(relations: RelationStore, ignored: IgnoredUsers) {
        self.relations = relations
        self.ignored = ignored
    }

    /// What is shown inside of each of `events` that something relates to.
    ///
    /// - Parameters:
    ///   - events: of the view's room, at most `RelationStore.parentsMax`.
    ///   - parents: those of `events` that something relates to, when that is known already.
    ///   - served: makes the events that are shown inside.
    func bundles(
        of events: [StoredEvent], to viewer: Viewer, in view: RoomView, parents known: Set<EventID>? = nil,
        serving served: ServedEvents, includesRoom: Bool
    ) async throws -> [EventID: RelationBundle] {
        // State has none (spec, "Aggregations of child events").
        let messages = events.filter { !$0.event.isState }
        var related = known ?? []
        if known == nil { related = try await relations.parents(among: messages.map(\.event.id)) }
        let parents = messages.filter { related.contains($0.event.id) }
        guard !parents.isEmpty else { return [:] }
        var ignored = viewer.ignored ?? []
        if viewer.ignored == nil { ignored = try await self.ignored.ignored(by: viewer.user) }
        let reader = RelationReader(
            room: view.room, user: viewer.user, visible: view.visible, ignored: ignored)
        let shown = Shown(viewer: viewer, view: view, served: served, includesRoom: includesRoom)
        return try await bundles(of: parents, for: reader, shown, isInThread: false)
    }

    /// How events inside of events are shown.
    private struct Shown {
        let viewer: Viewer
        let view: RoomView
        let served: ServedEvents
        let includesRoom: Bool
    }

    private func bundles(
        of parents: [StoredEvent], for reader: RelationReader, _ shown: Shown, isInThread: Bool
    ) async throws -> [EventID: RelationBundle] {
        let summaries = try await relations.summaries(of: parents, for: reader)
        guard !summaries.isEmpty else { return [:] }
        var edits: [EventID: EventID] = [:]
        var threads: [EventID: RelationSummary.Thread] = [:]
        for parent in parents {
            guard let summary = summaries[parent.event.id] else { continue }
            let relation = parent.event.relation
            // No edits of edits, and none of what was redacted since.
            if parent.redactedBy == nil, !(relation?.isType("m.replace") ?? false) {
                edits[parent.event.id] = summary.edit
            }
            if !isInThread, relation == nil { threads[parent.event.id] = summary.thread }
        }
        let found = try await shown.served.stored(
            Array(edits.values) + threads.values.map(\.latest), in: shown.view)
        let latest = threads.values.compactMap { found[$0.latest] }
        let inner =
            latest.isEmpty ? [:] : try await bundles(of: latest, for: reader, shown, isInThread: true)
        let written = try await write(Array(found.values), inner, shown)
        var bundles: [EventID: RelationBundle] = [:]
        for (parent, summary) in summaries {
            let bundle = Self.bundle(
                edit: edits[parent].flatMap { written[$0] }, thread: threads[parent], references: summary.references,
                written)
            if !bundle.members.isEmpty { bundles[parent] = bundle }
        }
        return bundles
    }

    /// The events as the viewer gets them, whole.
    private func write(
        _ events: [StoredEvent], _ inner: [EventID: RelationBundle], _ shown: Shown
    ) async throws -> [EventID: [UInt8]] {
        let prepared = try await shown.served.prepare(events, in: shown.view, includesRoom: shown.includesRoom)
        var written: [EventID: [UInt8]] = [:]
        for event in prepared {
            let id = event.stored.event.id
            written[id] = event.served(to: shown.viewer, in: shown.view, bundle: inner[id]).bytes()
        }
        return written
    }

    private static func bundle(
        edit: [UInt8]?, thread: RelationSummary.Thread?, references: [EventID], _ written: [EventID: [UInt8]]
    ) -> RelationBundle {
        var writer = JSONWriter(reservingBytes: 512)
        var hasThread = false
        if !references.isEmpty {
            let chunk = references.map { JSONValue.object(["event_id": .string($0.rawValue)]) }
            writer.member("m.reference", ["chunk": .array(chunk)] as JSONObject)
        }
        if let edit { writer.member("m.replace", raw: edit) }
        if let thread, let latest = written[thread.latest] {
            hasThread = true
            writer.key("m.thread")
            writer.beginObject()
            writer.member("count", thread.count)
            writer.member("current_user_participated", thread.hasParticipated)
            writer.member("latest_event", raw: latest)
            writer.endObject()
        }
        return RelationBundle(members: writer.bytes, hasThread: hasThread)
    }
}
