import CanonicalJSON
import Crypto
import Identifiers
import MatrixHTTP
import RoomReading
import Storage
import WorkerContracts

/// Schedules events, and changes what is to become of them (MSC4140).
struct DelayedEvents: Sendable {
    /// The longest delay; well under how long command IDs are remembered.
    static let delayMax = Duration.seconds(12 * 3_600)

    /// What a client may ask for an event that waits.
    enum Action: String {
        case send, cancel, restart
    }

    /// How it was asked for: refusals have been worded anew since the first form.
    enum Form {
        /// With a parameter of the endpoints that send at once.
        case query
        /// By an endpoint of its own.
        case body
    }

    let store: DelayedEventStore
    let rooms: RoomPlacements
    let access: RoomAccess
    let secret: [UInt8]

    static var delayMaxMilliseconds: Int64 { delayMax.components.seconds * 1_000 }

    /// How long a request to send an event wants it to wait; `nil`: it is to be sent now.
    ///
    /// - Throws: `M_INVALID_PARAM`, `M_UNKNOWN` for one over ``delayMax``.
    static func delay(_ request: UserRequest) throws -> Duration? {
        guard let delay = try request.queryInteger("org.matrix.msc4140.delay") else { return nil }
        guard delay >= 0 else { throw MatrixError.invalidParam("A delay is not negative.") }
        let most = delayMaxMilliseconds
        guard delay <= most else {
            throw refusal(
                "M_MAX_DELAY_EXCEEDED", "The delay is over \(most) ms.", ["org.matrix.msc4140.max_delay": .int(most)])
        }
        return .milliseconds(delay)
    }

    /// Schedules `draft`; the same command again answers with the same delay.
    ///
    /// - Throws: `M_FORBIDDEN` unless the sender is in the room; when too many of theirs wait `M_UNKNOWN`, or in the newer
    ///   form `M_LIMIT_EXCEEDED` with the time until one of them is sent.
    func schedule(
        _ draft: EventDraft, in room: RoomID, after delay: Duration, id command: CommandID, _ form: Form
    ) async throws -> JSONObject {
        try await access.demandJoined(draft.sender, in: room)
        let id = identifier(of: command)
        let event = DelayedEvent(
            id: id, command: command.bytes, shard: try await rooms.locate(room).shard, room: room, user: draft.sender,
            type: draft.type, stateKey: draft.stateKey, draft: draft.json.bytes(), delay: delay)
        guard try await store.insert(event) == .scheduled else {
            if form == .body {
                throw MatrixError.limitExceeded(retryAfter: try await store.untilNext(of: draft.sender) ?? .seconds(1))
            }
            throw Self.refusal(
                "M_MAX_DELAYED_EVENTS_EXCEEDED", "At most \(DelayedEventStore.scheduledPerUserMax) events wait.", [:])
        }
        return ["delay_id": .string(id)]
    }

    /// - Throws: `M_NOT_FOUND` when no event of this ID waits; an action that has had its effect already is fine.
    func act(_ action: Action, on id: String) async throws {
        let isDone =
            switch action {
            case .send: try await store.hasten(id)
            case .cancel: try await store.cancel(id)
            case .restart: try await store.restart(id)
            }
        guard !isDone else { return }
        switch (action, try await store.fetch(id)?.phase) {
        case (.cancel, .cancelled?), (.send, .sending?), (.send, .sent?): return
        default: throw MatrixError.notFound("No event of this ID waits.")
        }
    }

    /// The ID in the path.
    ///
    /// - Throws: `M_NOT_FOUND` for text that is none of this server's.
    static func identifier(in request: some RequestReading) throws -> String {
        let text = try request.path("delayId")
        let isPossible = text.utf8.count <= 64 && text.utf8.allSatisfy { $0.isASCIILetter || $0.isDigit || $0 == 0x5F }
        guard isPossible else { throw MatrixError.notFound("No event of this ID waits.") }
        return text
    }

    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_PARAM` for what is no action.
    static func action(_ text: String?) throws -> Action {
        guard let text else { throw MatrixError.missingParam("'action' is missing.") }
        guard let action = Action(rawValue: text) else {
            throw MatrixError.invalidParam("'action' is send, cancel or restart.")
        }
        return action
    }

    /// Whoever knows it may act on the event, without a token: it is not to be guessed.
    private func identifier(of command: CommandID) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("delayed event ".utf8) + command.bytes, using: SymmetricKey(data: secret))
        return "delay_" + CommandID(Array(code.prefix(CommandID.byteCount))).hexadecimal
    }

    private static func refusal(_ errcode: String, _ message: String, _ fields: JSONObject) -> MatrixError {
        var fields = fields
        fields["org.matrix.msc4140.errcode"] = .string(errcode)
        return MatrixError(status: 400, errcode: "M_UNKNOWN", message: message, fields: fields)
    }
}
