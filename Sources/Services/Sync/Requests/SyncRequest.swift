import Identifiers
import MatrixHTTP
import PushRules
import RoomReading
import WorkerContracts

/// What a client asks of `/sync`.
///
/// A class: as a value, with its filter, it would be a kilobyte in each frame of a poll that waits.
final class SyncRequest: Sendable {
    /// The longest a poll is held.
    static let timeoutMax = Duration.seconds(60)

    let viewer: Viewer
    let filter: SyncFilter
    /// `nil`: an initial sync.
    let since: SyncToken?
    let isFullState: Bool
    let usesStateAfter: Bool
    /// Whether the client asked for that by its earlier name (MSC4222).
    let usesEarlierNames: Bool
    /// Zero: answer at once.
    let timeout: Duration
    /// What the device wants to be seen as.
    let presence: PresenceState
    /// Whom the viewer does not hear from; known when an answer is composed.
    let unwanted: UnwantedSenders
    /// What notifies the viewer; known when an answer with rooms is composed.
    let pushRules: PushRuleSet?

    /// Which events of a wanted room belong into its timeline.
    var timeline: TimelineChoice {
        TimelineChoice(limit: filter.timelineLimit, filter: filter.timeline, unwanted: unwanted)
    }

    /// What the state of a room is called in the answer.
    var stateName: String {
        guard usesStateAfter else { return "state" }
        return usesEarlierNames ? "org.matrix.msc4222.state_after" : "state_after"
    }

    /// Whether the answer can be large: such requests have a class of cost of their own.
    var isInitial: Bool { since == nil || isFullState }

    init(
        viewer: Viewer, filter: SyncFilter, since: SyncToken?, isFullState: Bool = false,
        usesStateAfter: Bool = false, usesEarlierNames: Bool = false, timeout: Duration = .zero,
        presence: PresenceState = .offline,
        unwanted: UnwantedSenders = .none, pushRules: PushRuleSet? = nil
    ) {
        self.viewer = viewer
        self.filter = filter
        self.since = since
        self.isFullState = isFullState
        self.usesStateAfter = usesStateAfter
        self.usesEarlierNames = usesEarlierNames
        self.timeout = timeout
        self.presence = presence
        self.unwanted = unwanted
        self.pushRules = pushRules
    }

    /// The same with what the viewer wants to hear.
    func with(_ preferences: UserPreferences) -> SyncRequest {
        let ignored = preferences.unwanted.counted(for: viewer.user)
        return SyncRequest(
            viewer: Viewer(user: viewer.user, device: viewer.device, ignored: ignored), filter: filter, since: since,
            isFullState: isFullState, usesStateAfter: usesStateAfter, usesEarlierNames: usesEarlierNames,
            timeout: timeout, presence: presence, unwanted: preferences.unwanted, pushRules: preferences.pushRules)
    }

    /// - Throws: `M_INVALID_PARAM` for what does not parse, also a token that was given to another user.
    convenience init(_ request: UserRequest, filters: FilterSource) async throws {
        let since = try Self.token(request.query("since"), of: request.caller)
        let isFullState = try request.queryBool("full_state") ?? false
        let usesStateAfter = try request.queryBool("use_state_after") ?? false
        let usesEarlierNames = try !usesStateAfter && request.queryBool("org.matrix.msc4222.use_state_after") ?? false
        let milliseconds = try request.queryInteger("timeout") ?? 0
        guard milliseconds >= 0 else { throw MatrixError.invalidParam("'timeout' is negative.") }
        let presence = try Self.presence(request.query("set_presence"))
        self.init(
            viewer: Viewer(user: request.caller, device: request.device),
            filter: try await filters.filter(request.query("filter"), of: request.caller), since: since,
            isFullState: isFullState, usesStateAfter: usesStateAfter || usesEarlierNames,
            usesEarlierNames: usesEarlierNames, timeout: min(.milliseconds(milliseconds), Self.timeoutMax),
            presence: presence)
    }

    /// What a device that polls is seen as; online when it does not say.
    static func presence(_ text: String?) throws -> PresenceState {
        guard let text else { return .online }
        guard let state = PresenceState(rawValue: text) else {
            throw MatrixError.invalidParam("'set_presence' must be offline, online or unavailable.")
        }
        return state
    }

    private static func token(_ text: String?, of user: UserID) throws -> SyncToken? {
        guard let text else { return nil }
        guard let token = SyncToken(text) else { throw MatrixError.invalidParam("'since' is no token of this server.") }
        guard token.isBound(to: user) else { throw MatrixError.invalidParam("'since' is another user's token.") }
        return token
    }
}
