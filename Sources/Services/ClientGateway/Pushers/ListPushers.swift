import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// Where the caller is notified: `GET /_matrix/client/v3/pushers` (spec v1.19, "Push notifications").
struct ListPushers: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/pushers")

    let pushers: PusherStore

    func respond(to request: UserRequest) async throws -> JSONObject {
        let list = try await pushers.list(of: request.caller)
        return ["pushers": .array(list.map { .object($0.json) })]
    }
}

extension Pusher {
    /// As clients are told.
    fileprivate var json: JSONObject {
        var json = description
        json["app_id"] = .string(appID)
        json["pushkey"] = .string(pushkey)
        json["kind"] = .string(kind.rawValue)
        json["data"] = .object(data)
        return json
    }
}
