import Identifiers
import OutboundHTTP
import Storage

/// The mail that asks somebody whether an address is theirs.
struct ValidationMail: Sendable {
    let settings: EmailSettings
    let server: ServerName

    func message(to address: EmailAddress, for purpose: EmailPurpose, link: String, at now: Timestamp) -> MailMessage {
        MailMessage(
            sender: settings.sender.text, senderName: settings.senderName, recipient: address.text,
            subject: subject(purpose), text: text(purpose, link),
            messageID: "\(Hexadecimal.encode(SecureRandom.bytes(16)))@\(domain)", date: Self.date(now))
    }

    private var domain: String { settings.sender.text.split(separator: "@").last.map(String.init) ?? "localhost" }

    private func subject(_ purpose: EmailPurpose) -> String {
        switch purpose {
        case .register: "Your account on \(server)"
        case .add: "Your email address on \(server)"
        case .password: "Your password on \(server)"
        }
    }

    private func text(_ purpose: EmailPurpose, _ link: String) -> String {
        let what =
            switch purpose {
            case .register: "make an account on \(server) with this address"
            case .add: "add this address to an account on \(server)"
            case .password: "set a new password for the account on \(server) that has this address"
            }
        return """
            Hello,

            somebody wants to \(what).

            If that is you, open this page and confirm it:

            \(link)

            If it is not, do nothing: without you nothing happens.

            """
    }

    /// As RFC 5322 has it, in UTC.
    static func date(_ now: Timestamp) -> String {
        let days = now.milliseconds / 86_400_000
        let seconds = now.milliseconds / 1_000 % 86_400
        let (year, month, day) = civil(days)
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let time = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "\(names[Int(days % 7)]), \(day) \(months[month - 1]) \(year) \(time.joined(separator: ":")) +0000"
    }

    /// The date of a day counted from 1970-01-01, by the Gregorian calendar of eras of 400 years from 1 March.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int, day: Int64) {
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
