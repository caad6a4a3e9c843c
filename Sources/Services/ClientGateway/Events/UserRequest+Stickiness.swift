import Events
import MatrixHTTP

extension UserRequest {
    /// How long the event that is sent is to stick (MSC4354); `nil`: not at all.
    ///
    /// - Throws: `M_INVALID_PARAM` for what is no number of milliseconds up to an hour.
    func stickyDuration() throws -> Duration? {
        guard let milliseconds = try queryInteger("org.matrix.msc4354.sticky_duration_ms") else { return nil }
        let duration = Duration.milliseconds(milliseconds)
        guard duration >= .zero, duration <= Stickiness.durationMax else {
            throw MatrixError.invalidParam("An event sticks for an hour at most.")
        }
        return duration
    }
}
