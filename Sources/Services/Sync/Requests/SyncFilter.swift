import CanonicalJSON
import ClientAPI
import Events

/// A filter as `/sync` applies it (spec v1.19, client-server API, "Filtering").
struct SyncFilter: Sendable {
    /// Events of a timeline when the filter does not say.
    static let timelineLimitDefault = 10
    /// The most events of a timeline, whatever the filter says.
    static let timelineLimitMax = 100

    let accountData: EventFilter
    let presence: EventFilter
    /// Which rooms are wanted at all.
    let rooms: EventFilter
    let includesLeftRooms: Bool
    let timeline: EventFilter
    let state: EventFilter
    let ephemeral: EventFilter
    let roomAccountData: EventFilter
    /// Whether unread events of threads are counted thread by thread.
    let listsUnreadThreads: Bool

    init(_ json: JSONObject = [:]) {
        func part(_ object: JSONObject?, _ key: String) -> EventFilter {
            EventFilter(object?[key]?.objectValue ?? [:])
        }
        let room = json["room"]?.objectValue
        accountData = part(json, "account_data")
        presence = part(json, "presence")
        rooms = EventFilter(room ?? [:])
        includesLeftRooms = room?["include_leave"]?.boolValue ?? false
        timeline = part(room, "timeline")
        state = part(room, "state")
        ephemeral = part(room, "ephemeral")
        roomAccountData = part(room, "account_data")
        listsUnreadThreads = room?["timeline"]?["unread_thread_notifications"]?.boolValue ?? false
    }

    var timelineLimit: Int { min(max(0, timeline.limit ?? Self.timelineLimitDefault), Self.timelineLimitMax) }

    /// Members are loaded when they are needed.
    ///
    /// The spec has the flag on `state`; clients also set it on `timeline`.
    var lazyLoadsMembers: Bool { state.lazyLoadsMembers || timeline.lazyLoadsMembers }
    var includesRedundantMembers: Bool { state.includesRedundantMembers || timeline.includesRedundantMembers }
}
