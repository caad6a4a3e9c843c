import TestSupport

extension WorldSlots {
    /// The places of this module's worlds.
    static let shared = WorldSlots(4)
}
