import CanonicalJSON
import Identifiers

extension ChatClient {
    /// Registers `name` and logs in.
    public static func register(
        _ name: String, password: String, on homeserver: Homeserver, recorder: HistoryRecorder? = nil
    ) async throws(ChatFailure) -> ChatClient {
        let answer = try await homeserver.call(
            "POST", "/_matrix/client/v3/register",
            ["username": .string(name), "password": .string(password), "auth": ["type": "m.login.dummy"]])
        return ChatClient(homeserver: homeserver, session: try session(answer), recorder: recorder)
    }

    /// Logs a new device in.
    public static func logIn(
        _ name: String, password: String, on homeserver: Homeserver, recorder: HistoryRecorder? = nil
    ) async throws(ChatFailure) -> ChatClient {
        let answer = try await homeserver.call(
            "POST", "/_matrix/client/v3/login",
            [
                "type": "m.login.password", "identifier": ["type": "m.id.user", "user": .string(name)],
                "password": .string(password),
            ])
        return ChatClient(homeserver: homeserver, session: try session(answer), recorder: recorder)
    }

    /// Revokes the session's token.
    public func logOut() async throws(ChatFailure) {
        _ = try await perform(.other("logout"), "POST", "/_matrix/client/v3/logout", [:])
    }

    public func whoami() async throws(ChatFailure) -> JSONObject {
        try await perform(.other("whoami"), "GET", "/_matrix/client/v3/account/whoami")
    }

    private static func session(_ answer: JSONObject) throws(ChatFailure) -> ChatSession {
        guard let user = answer["user_id"]?.stringValue.flatMap({ UserID($0) }),
            let device = answer["device_id"]?.stringValue.flatMap({ DeviceID($0) }),
            let token = answer["access_token"]?.stringValue
        else { throw .unreadable }
        return ChatSession(user: user, device: device, token: token)
    }
}
