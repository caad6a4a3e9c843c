import MatrixHTTP
import WorkerContracts

/// Notes that users did something, so that they are seen as active.
struct UserActivity: Sendable {
    /// `nil`: presence is off.
    let reporter: PresenceReporter?

    func note(_ request: UserRequest) {
        reporter?.note(
            PresenceReport(user: request.caller, device: request.device, origin: .activity, state: .online))
    }
}
