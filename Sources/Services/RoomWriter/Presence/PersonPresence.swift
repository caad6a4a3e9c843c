import Identifiers
import WorkerContracts

/// What is known of one user's devices, and what that makes the user; pure.
package struct PersonPresence: Sendable {
    /// The most devices of a user that are known at a time; more are not.
    package static let devicesMax = 20
    /// How long a device counts as connected after a poll of it began: longer than a poll lasts.
    package static let connectedFor = Duration.seconds(90)
    /// How long after their last activity a user is away.
    package static let idleAfter = Duration.seconds(300)
    /// How long after an activity a user counts as active.
    package static let currentFor = Duration.seconds(60)

    /// For how long after a request what workers report may be from before it: they gather it.
    package static let reportsLateMax = Duration.seconds(3)

    package typealias Instant = ContinuousClock.Instant

    /// How the user is seen.
    package struct Shown: Sendable, Equatable {
        package var state: PresenceState
        package var isCurrentlyActive: Bool
        package var status: String?

        package init(state: PresenceState, isCurrentlyActive: Bool, status: String?) {
            self.state = state
            self.isCurrentlyActive = isCurrentlyActive
            self.status = status
        }

        package static let offline = Shown(state: .offline, isCurrentlyActive: false, status: nil)

        package static func == (left: Shown, right: Shown) -> Bool {
            left.state == right.state && left.isCurrentlyActive == right.isCurrentlyActive
                && left.status.map { Array($0.utf8) } == right.status.map { Array($0.utf8) }
        }
    }

    private struct Device {
        var isOnline: Bool
        var until: Instant
        /// When the user said what the device is.
        var askedAt: Instant?

        func hasJustSaid(at now: Instant) -> Bool { askedAt.map { now - $0 < reportsLateMax } ?? false }
    }

    private var devices: [DeviceID: Device] = [:]
    private var status: String?
    package private(set) var lastActiveAt: Instant?

    package init() {}

    // MARK: What is seen

    package mutating func take(_ report: PresenceReport, at now: Instant) {
        if lastActiveAt == nil, devices.isEmpty, report.origin == .sync, let ago = report.activeAgo {
            // Goes on from what another owner knew.
            status = report.status
            lastActiveAt = now - ago
        }
        switch report.origin {
        case .sync: connect(report, for: Self.connectedFor, at: now)
        case .request:
            status = report.status
            if report.state == .offline {
                devices[report.device] = nil
            } else {
                connect(report, for: Self.idleAfter, at: now)
                devices[report.device]?.askedAt = now
                if report.state == .online { lastActiveAt = now }
            }
        case .activity:
            // Who wants to be seen as offline is, whatever they do.
            guard let device = devices[report.device], device.until > now, !device.hasJustSaid(at: now) else { return }
            devices[report.device]?.isOnline = true
            lastActiveAt = now
        }
    }

    private mutating func connect(_ report: PresenceReport, for duration: Duration, at now: Instant) {
        let known = devices[report.device].flatMap { $0.until > now ? $0 : nil }
        let said = report.origin == .sync ? known.flatMap { $0.hasJustSaid(at: now) ? $0.isOnline : nil } : nil
        let isOnline = said ?? (report.state == .online)
        if known == nil { devices = devices.filter { $0.value.until > now } }
        guard known != nil || devices.count < Self.devicesMax else { return }
        devices[report.device] = Device(
            isOnline: isOnline, until: max(now + duration, known?.until ?? now), askedAt: known?.askedAt)
        // Who comes is active; who goes on polling does nothing.
        if isOnline, known?.isOnline != true, report.activeAgo == nil { lastActiveAt = now }
    }

    // MARK: What it means

    package func shown(at now: Instant) -> Shown {
        let connected = devices.values.filter { $0.until > now }
        guard !connected.isEmpty else { return Shown(state: .offline, isCurrentlyActive: false, status: status) }
        let age = lastActiveAt.map { now - $0 } ?? .zero
        guard connected.contains(where: \.isOnline), age < Self.idleAfter else {
            return Shown(state: .unavailable, isCurrentlyActive: false, status: status)
        }
        return Shown(state: .online, isCurrentlyActive: age < Self.currentFor, status: status)
    }

    /// When ``shown(at:)`` may be something else by time alone; `nil`: never.
    package func nextChange(after now: Instant) -> Instant? {
        let active = lastActiveAt.map { [$0 + Self.currentFor, $0 + Self.idleAfter] } ?? []
        return (devices.values.map(\.until) + active).filter { $0 > now }.min()
    }
}
