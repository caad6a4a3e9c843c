import CanonicalJSON
import Identifiers
import OutboundHTTP

/// One device of one user.
public struct ChatSession: Sendable {
    public let user: UserID
    public let device: DeviceID
    public let token: String

    public init(user: UserID, device: DeviceID, token: String) {
        self.user = user
        self.device = device
        self.token = token
    }
}

/// A chat client as a person's app would be, doing what it is told and keeping a record of it.
///
/// It never repeats a request by itself: what fails is the test's to see.
public struct ChatClient: Sendable {
    public let homeserver: Homeserver
    public let session: ChatSession
    public let recorder: HistoryRecorder?

    public init(homeserver: Homeserver, session: ChatSession, recorder: HistoryRecorder? = nil) {
        self.homeserver = homeserver
        self.session = session
        self.recorder = recorder
    }

    public var user: UserID { session.user }

    /// The name of this device's stream in the history.
    public var stream: StreamName { StreamName(user: session.user, device: session.device) }

    /// The same device talking to another address.
    public func talking(to other: Homeserver) -> ChatClient {
        ChatClient(homeserver: other, session: session, recorder: recorder)
    }

    /// Sends a request as this user, on record as `operation`.
    func perform(
        _ operation: Operation, _ method: String, _ path: String, _ body: JSONObject? = nil,
        within duration: Duration = Homeserver.requestDuration
    ) async throws(ChatFailure) -> JSONObject {
        let startedAt = ContinuousClock.now
        do throws(ChatFailure) {
            let answer = try await homeserver.call(method, path, body, token: session.token, within: duration)
            let event = answer["event_id"]?.stringValue.flatMap { EventID($0) }
            recorder?.record(Attempt(stream, operation, from: startedAt, outcome: .accepted(event)))
            return answer
        } catch {
            // What the test itself gave up is no failure of the server's.
            if error != .broken(.cancelled), error != .broken(.shutDown) {
                recorder?.record(Attempt(stream, operation, from: startedAt, outcome: .failed(error)))
            }
            throw error
        }
    }
}
