/// A moment by the Gregorian calendar in UTC, to the second, from 1970 on.
public struct UTCTime: Sendable, Equatable {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    public let year: Int64
    /// From 1.
    public let month: Int64
    /// From 1.
    public let day: Int64
    /// In English, three letters.
    public let weekdayName: String
    private let secondOfDay: Int64

    /// Times before 1970 are its first second.
    public init(_ time: Timestamp) {
        let (days, second) = (max(0, time.milliseconds) / 1_000).quotientAndRemainder(dividingBy: 86_400)
        // Counted in years that begin in March, of eras of 400 years.
        let shifted = days + 719_468
        let ofEra = shifted % 146_097
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * ofYear + 2) / 153
        month = part < 10 ? part + 3 : part - 9
        year = yearOfEra + shifted / 146_097 * 400 + (month <= 2 ? 1 : 0)
        day = ofYear - (153 * part + 2) / 5 + 1
        weekdayName = Self.weekdays[Int(days % 7)]
        secondOfDay = second
    }

    /// In English, three letters.
    public var monthName: String { Self.months[Int(month) - 1] }

    /// As `08:49`.
    public var hourAndMinute: String {
        "\(Self.twoDigits(secondOfDay / 3_600)):\(Self.twoDigits(secondOfDay / 60 % 60))"
    }

    /// As `08:49:37`.
    public var clock: String { "\(hourAndMinute):\(Self.twoDigits(secondOfDay % 60))" }

    /// A number of a date or a clock, with a zero before it when it is less than ten.
    public static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
