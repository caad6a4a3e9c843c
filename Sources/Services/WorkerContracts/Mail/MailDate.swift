import Identifiers

/// Times as mails have them, in UTC.
public enum MailDate {
    /// For the head of a mail, as RFC 5322 has it: `Tue, 29 Feb 2000 12:34:56 +0000`.
    public static func header(_ time: Timestamp) -> String {
        let at = UTCTime(time)
        return "\(at.weekdayName), \(at.day) \(at.monthName) \(at.year) \(at.clock) +0000"
    }

    /// For people, to the minute: `2000-02-29 12:34 UTC`.
    public static func readable(_ time: Timestamp) -> String {
        let at = UTCTime(time)
        return "\(at.year)-\(UTCTime.twoDigits(at.month))-\(UTCTime.twoDigits(at.day)) \(at.hourAndMinute) UTC"
    }
}
