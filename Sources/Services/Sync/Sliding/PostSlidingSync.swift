import HTTPServer
import MatrixHTTP

// First answers are not of the initial pool, as those of /sync are: whatever a client asks for, an answer has at most
// SlidingPlanner.roomsMax rooms, each with a bounded timeline and chosen state; the rest of a window comes with the next
// answers. Whole states of large rooms are the bytes everybody shares.

/// What is new in the rooms the caller looks at: `POST /_matrix/client/unstable/org.matrix.simplified_msc3575/sync`
/// (MSC4186 as clients use it).
struct PostSlidingSync: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/unstable/org.matrix.simplified_msc3575/sync", cost: .sync, worker: "sync")

    let server: SlidingServer

    /// - Throws: `M_UNKNOWN_POS` for a position that is not known any more, `M_INVALID_PARAM`, `M_BAD_JSON`.
    func respond(to request: UserRequest) async throws -> HTTPAnswer {
        try await server.respond(to: request, as: .deployed)
    }
}

/// The same as it was merged: `POST /_matrix/client/v4/sync` (MSC4186).
struct PostSync: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v4/sync", cost: .sync, worker: "sync")

    let server: SlidingServer

    /// - Throws: `M_UNKNOWN_POS` for a position that is not known any more, `M_INVALID_PARAM`, `M_BAD_JSON`.
    func respond(to request: UserRequest) async throws -> HTTPAnswer {
        try await server.respond(to: request, as: .merged)
    }
}

/// Serves both forms.
struct SlidingServer: Sendable {
    let runner: SlidingRunner
    /// `nil`: presence is off.
    let presence: DevicePresence?

    func respond(to request: UserRequest, as form: SlidingRequest.Form) async throws -> HTTPAnswer {
        let sync = try SlidingRequest(request, as: form)
        presence?.note(sync.viewer, as: sync.presence)
        return HTTPAnswer(body: .buffers(try await runner.run(sync, token: request.token)))
    }
}
