import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// Writes to a meeting place: `PUT /_matrix/client/unstable/io.element.msc4388/rendezvous/{rendezvousId}` (MSC4388).
struct PutRendezvous: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/unstable/io.element.msc4388/rendezvous/{rendezvousId}", auth: .none)

    let meeting: MeetingPlaces

    /// - Throws: `M_NOT_FOUND`, `M_TOO_LARGE`, `M_MISSING_PARAM`; `IO_ELEMENT_MSC4388_CONCURRENT_WRITE` when the other
    ///   device has written something else meanwhile.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        let revision = try body.requiredString("sequence_token")
        let data = Array(try body.requiredString("data").utf8)
        let outcome = try await meeting.write(data, over: revision, .text, request)
        switch outcome {
        case .written(let session): return ["sequence_token": .string(session.revision)]
        // The same again, because the answer was lost, has been done.
        case .overtaken(let session) where session.payload == data: return ["sequence_token": .string(session.revision)]
        case .overtaken, .unknown:
            throw MatrixError(
                status: 409, errcode: "IO_ELEMENT_MSC4388_CONCURRENT_WRITE",
                message: "Something else has been written meanwhile.")
        }
    }
}
