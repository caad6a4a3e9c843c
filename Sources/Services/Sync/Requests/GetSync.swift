import HTTPServer
import MatrixHTTP
import NIOCore

/// What is new for the caller: `GET /_matrix/client/v3/sync` (spec v1.19, client-server API, "Syncing").
///
/// First and full-state syncs wait for a place among few: `429` with `Retry-After` when there is none.
struct GetSync: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/v3/sync", cost: .sync, worker: "sync", firstCost: .initialSync)

    let filters: FilterSource
    let syncs: SyncRunner
    let initialPlaces: Admission
    let bytesInFlight: BytesInFlight
    let pace: BytePace
    /// `nil`: presence is off.
    let presence: DevicePresence?

    /// - Throws: `M_INVALID_PARAM` for a token that is none or another user's, `M_UNKNOWN_TOKEN` when the access token is
    ///   revoked while the request waits.
    func respond(to request: UserRequest) async throws -> HTTPAnswer {
        let sync = try await SyncRequest(request, filters: filters)
        presence?.note(sync.viewer, as: sync.presence)
        guard sync.isInitial else {
            return HTTPAnswer(body: .buffers(try await syncs.run(sync, token: request.token).pieces))
        }
        let answer = try await initialPlaces.withPlace {
            guard bytesInFlight.hasRoom else { throw MatrixError.limitExceeded(retryAfter: Self.retryAfter) }
            let answer = try await syncs.run(sync, token: request.token)
            try await pace.wait(for: answer.byteCount)
            return answer
        }
        return HTTPAnswer(
            body: .buffers(answer.pieces), held: bytesInFlight.lease(answer.byteCount - answer.sharedByteCount))
    }

    /// When those come back who found too many bytes on their way.
    private static var retryAfter: Duration { .seconds(Int64.random(in: 1...5)) }
}
