import RoomReading
import WorkerContracts

/// Reports the devices that poll here as being there.
struct DevicePresence: Sendable {
    let board: PresenceBoard
    let reporter: PresenceReporter

    /// A device polls, as what it wants to be seen as; one that wants to be offline is not reported.
    func note(_ viewer: Viewer, as state: PresenceState) {
        guard state != .offline else { return }
        var report = PresenceReport(user: viewer.user, device: viewer.device, origin: .sync, state: state)
        if let seen = board.seen(viewer.user), seen.presence.state != .offline {
            report.status = seen.presence.status
            report.activeAgo = seen.activeAt.map { max(.zero, .now - $0) }
        }
        reporter.note(report)
    }
}
