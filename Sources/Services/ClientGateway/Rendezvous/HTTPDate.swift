import Identifiers

/// Times as HTTP's headers have them (RFC 9110, section 5.6.7), to the second.
package enum HTTPDate {
    /// As `Sun, 06 Nov 1994 08:49:37 GMT`, for times from 1970 on.
    package static func text(_ time: Timestamp) -> String {
        let at = UTCTime(time)
        return "\(at.weekdayName), \(UTCTime.twoDigits(at.day)) \(at.monthName) \(at.year) \(at.clock) GMT"
    }
}
