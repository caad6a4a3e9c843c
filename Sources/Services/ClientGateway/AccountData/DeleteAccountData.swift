import HTTPServer
import MatrixHTTP

/// Deletes the caller's account data of a type:
/// `DELETE /_matrix/client/unstable/org.matrix.msc3391/user/{userId}/account_data/{type}` (MSC3391).
struct DeleteAccountData: Endpoint {
    static let route = Route.client(
        .delete, "/_matrix/client/unstable/org.matrix.msc3391/user/{userId}/account_data/{type}", cost: .write)

    let setter: AccountDataSetter

    func respond(to request: UserRequest) async throws -> EmptyObject {
        try await setter.delete(try AccountDataPath(request, inRoom: false))
    }
}

/// Deletes the caller's account data of a room:
/// `DELETE /_matrix/client/unstable/org.matrix.msc3391/user/{userId}/rooms/{roomId}/account_data/{type}` (MSC3391).
struct DeleteRoomAccountData: Endpoint {
    static let route = Route.client(
        .delete, "/_matrix/client/unstable/org.matrix.msc3391/user/{userId}/rooms/{roomId}/account_data/{type}",
        cost: .write)

    let setter: AccountDataSetter

    func respond(to request: UserRequest) async throws -> EmptyObject {
        try await setter.delete(try AccountDataPath(request, inRoom: true))
    }
}
