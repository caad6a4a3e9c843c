import CanonicalJSON
import Events
import HTTPServer
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

/// One piece of state: `GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}` (spec v1.19).
struct GetStateEvent: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}")

    let state: StateEventReader

    func respond(to request: UserRequest) async throws -> JSONBytes {
        try await state.read(request, stateKey: try request.path("stateKey"))
    }
}

/// One piece of state with the empty key: `GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}` (spec v1.19).
struct GetStateEventWithoutKey: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/rooms/{roomId}/state/{eventType}")

    let state: StateEventReader

    func respond(to request: UserRequest) async throws -> JSONBytes {
        try await state.read(request, stateKey: "")
    }
}

/// What both ways of reading a piece of state do.
struct StateEventReader: Sendable {
    let reader: RoomReader
    let history: StateHistory
    let events: EventStore
    let served: ServedEvents

    /// The content, or with `format=event` the event.
    ///
    /// - Throws: `M_FORBIDDEN` for a room the caller may not read, `M_NOT_FOUND` when the state has no such key.
    func read(_ request: UserRequest, stateKey: String) async throws -> JSONBytes {
        let room = try request.path("roomId", as: RoomID.self)
        let key = StateMapKey(type: try request.path("eventType"), stateKey: stateKey)
        let isWhole = try Self.isWholeEvent(request)
        let view = try await reader.demand(room, for: request.caller)
        guard let id = try await history.events(of: [key], in: room, at: view.position)[key],
            let event = try await events.event(id, of: room, rules: view.rules)
        else { throw MatrixError.notFound("The room has no such state.") }
        guard isWhole else { return JSONBytes(event.event.content.bytes()) }
        let viewer = Viewer(user: request.caller, device: request.device)
        guard let answer = try await served.serve([event], to: viewer, in: view, includesRoom: true).first else {
            preconditionFailure("one event in, one event out")
        }
        return JSONBytes(answer.bytes())
    }

    private static func isWholeEvent(_ request: UserRequest) throws -> Bool {
        switch request.query("format") {
        case nil, "content"?: false
        case "event"?: true
        default: throw MatrixError.invalidParam("'format' is content or event.")
        }
    }
}
