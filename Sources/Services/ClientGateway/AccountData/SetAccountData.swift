import CanonicalJSON
import HTTPServer
import MatrixHTTP
import WorkerContracts

/// Sets the caller's account data: `PUT /_matrix/client/v3/user/{userId}/account_data/{type}` (spec v1.19).
struct SetAccountData: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/user/{userId}/account_data/{type}", cost: .write, bodyLimit: .event)

    let setter: AccountDataSetter

    func respond(to request: UserRequest) async throws -> EmptyObject {
        try await setter.set(try AccountDataPath(request, inRoom: false), request)
    }
}

/// Sets the caller's account data of a room:
/// `PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}` (spec v1.19).
struct SetRoomAccountData: Endpoint {
    static let route = Route.client(
        .put, "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}", cost: .write, bodyLimit: .event)

    let setter: AccountDataSetter

    func respond(to request: UserRequest) async throws -> EmptyObject {
        try await setter.set(try AccountDataPath(request, inRoom: true), request)
    }
}

/// What the ways of setting and deleting account data do.
struct AccountDataSetter: Sendable {
    let sender: CommandSender

    /// - Throws: `M_BAD_JSON` (405) for a type the server controls.
    func set(_ path: AccountDataPath, _ request: UserRequest) async throws -> EmptyObject {
        let content = try request.jsonBody()
        try AccountDataLimits.check(content)
        return try await set(path, to: content)
    }

    /// What is not there is deleted already.
    ///
    /// - Throws: `M_BAD_JSON` (405) for a type the server controls.
    func delete(_ path: AccountDataPath) async throws -> EmptyObject { try await set(path, to: nil) }

    private func set(_ path: AccountDataPath, to content: JSONObject?) async throws -> EmptyObject {
        guard !path.isServerControlled else {
            throw MatrixError(
                status: 405, errcode: "M_BAD_JSON", message: "Cannot set \(path.type) through this API.")
        }
        try await sender.execute(
            .setAccountData(.init(user: path.user, room: path.room, type: path.type, content: content)),
            id: .random(), for: path.user)
        return EmptyObject()
    }
}
