import Identifiers
import OutboundHTTP
import Storage
import WorkerContracts

/// The mail that asks somebody whether an address is theirs.
struct ValidationMail: Sendable {
    let settings: EmailSettings
    let server: ServerName

    func message(to address: EmailAddress, for purpose: EmailPurpose, link: String, at now: Timestamp) -> MailMessage {
        settings.message(
            to: address, subject: subject(purpose), text: text(purpose, link),
            id: Hexadecimal.encode(SecureRandom.bytes(16)), at: now)
    }

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
}
