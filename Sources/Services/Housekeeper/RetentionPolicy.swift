/// How long messages are kept: what the operator allows, and what rooms wish in `m.room.retention` (MSC1763).
package struct RetentionPolicy: Sendable, Equatable {
    /// Off, nothing is deleted whatever rooms wish.
    package var isEnabled: Bool
    /// For rooms that wish nothing; `nil`: for ever.
    package var defaultLifetime: Duration?
    /// What a room's wish is raised or lowered to.
    package var lifetimeMin: Duration?
    package var lifetimeMax: Duration?

    package init(
        isEnabled: Bool = false, defaultLifetime: Duration? = nil, lifetimeMin: Duration? = nil,
        lifetimeMax: Duration? = nil
    ) {
        self.isEnabled = isEnabled
        self.defaultLifetime = defaultLifetime
        self.lifetimeMin = lifetimeMin
        self.lifetimeMax = lifetimeMax
    }

    /// How long a room's messages are kept; `nil`: for ever.
    ///
    /// - Parameter wanted: the room's own `max_lifetime`.
    package func lifetime(wanted: Duration?) -> Duration? {
        guard isEnabled, var lifetime = wanted ?? defaultLifetime else { return nil }
        if let lifetimeMin { lifetime = max(lifetime, lifetimeMin) }
        if let lifetimeMax { lifetime = min(lifetime, lifetimeMax) }
        return lifetime
    }
}
