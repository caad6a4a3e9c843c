/// A time in UTC, as mails have it.
public struct MailDate: Sendable {
    private let days: Int64
    private let secondsOfDay: Int64

    /// - Parameter secondsSinceEpoch: from 1970-01-01 on.
    public init(secondsSinceEpoch: Int64) {
        let seconds = max(0, secondsSinceEpoch)
        days = seconds / 86_400
        secondsOfDay = seconds % 86_400
    }

    /// For the head of a mail, as RFC 5322 has it.
    public var header: String {
        let (year, month, day) = civil
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return
            "\(names[Int(days % 7)]), \(day) \(months[month - 1]) \(year) \(clock):\(Self.two(secondsOfDay % 60)) +0000"
    }

    /// For people, to the minute.
    public var readable: String {
        let (year, month, day) = civil
        return "\(year)-\(Self.two(Int64(month)))-\(Self.two(day)) \(clock) UTC"
    }

    private var clock: String { "\(Self.two(secondsOfDay / 3_600)):\(Self.two(secondsOfDay / 60 % 60))" }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// By the Gregorian calendar, of eras of 400 years from 1 March on.
    private var civil: (year: Int64, month: Int, day: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, Int(month), dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
