import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// The caller's account data: `GET /_matrix/client/v3/user/{userId}/account_data/{type}` (spec v1.19).
struct GetAccountData: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/user/{userId}/account_data/{type}")

    let reader: AccountDataReader

    /// - Throws: `M_NOT_FOUND` when nothing of this type is set.
    func respond(to request: UserRequest) async throws -> JSONObject {
        try await reader.get(try AccountDataPath(request, inRoom: false))
    }
}

/// The caller's account data of a room: `GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}`.
struct GetRoomAccountData: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}")

    let reader: AccountDataReader

    /// - Throws: `M_NOT_FOUND` when nothing of this type is set.
    func respond(to request: UserRequest) async throws -> JSONObject {
        try await reader.get(try AccountDataPath(request, inRoom: true))
    }
}
