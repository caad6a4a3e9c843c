import Identifiers
import Logging
import Metrics
import OutboundHTTP
import Storage
import WorkerContracts

/// Sends what waits for pushers of kind `email`, all of it in one mail.
///
/// A worker that dies after the mail server has taken a mail sends it again, with the same ID.
struct MailDigests: Sendable {
    /// The longest a mail server may take.
    static let sendMax = Duration.seconds(20)
    /// The longest it is waited between two mails.
    static let pauseMax = Duration.seconds(24 * 3_600)

    /// `nil`: this server sends no mail any more, and what waits is dropped.
    let settings: MailDigestSettings?
    let reader: MailDigestReader?
    let work: PushWorkStore
    let store: MailDigestStore
    let client: HTTPClient
    let clock: WallClock
    let logger: Logger
    private let sent = Counter(label: "apus_push_mails_total", dimensions: [("outcome", "taken")])
    private let failed = Counter(label: "apus_push_mails_total", dimensions: [("outcome", "failed")])

    init(
        settings: MailDigestSettings?, events: PushedEvents, totals: UnreadTotals, work: PushWorkStore,
        store: MailDigestStore, client: HTTPClient, clock: WallClock, logger: Logger
    ) {
        self.settings = settings
        reader = settings.map { MailDigestReader(settings: $0, events: events, totals: totals) }
        self.work = work
        self.store = store
        self.client = client
        self.clock = clock
        self.logger = logger
    }

    /// How long a notification waits.
    var delay: Duration { settings?.delay ?? .zero }

    /// Sends a mail, if it is time.
    ///
    /// - Returns: `false` when the mail server did not take it.
    func serve(_ pusher: WorkingPusher) async throws -> Bool {
        guard let settings, let reader else {
            try await drop(try await work.deliveries(of: pusher.id))
            return true
        }
        guard let address = EmailAddress(pusher.pusher.pushkey),
            try await store.owns(pusher.pusher.user, address)
        else {
            try await work.reject(pusher)
            return true
        }
        // What made it due may have been read.
        guard try await store.isDue(pusher.id, delay: settings.delay) else { return true }
        let deliveries = try await work.deliveries(of: pusher.id)
        guard let digest = try await reader.digest(of: deliveries, to: pusher),
            let newest = deliveries.last?.event
        else {
            try await drop(deliveries)
            return true
        }
        let message = settings.email.message(
            to: address, subject: digest.subject, text: digest.text, id: Self.messageID(pusher.id, newest),
            at: clock.now(), unsubscribeURL: digest.unsubscribeURL)
        do {
            try await client.send(message, by: settings.email.server, deadline: .now + Self.sendMax)
        } catch {
            failed.increment()
            logger.notice("a mail server did not take a mail", metadata: ["reason": "\(error)"])
            return false
        }
        sent.increment()
        try await store.sent(deliveries, to: pusher, first: settings.delay, most: Self.pauseMax)
        return true
    }

    private func drop(_ deliveries: [PushDelivery]) async throws {
        for delivery in deliveries { try await work.done(delivery) }
    }

    /// The same for the same notifications.
    private static func messageID(_ pusher: Int64, _ newest: EventID) -> String {
        let event = newest.rawValue.utf8.map { byte in
            byte.isASCIILetter || byte.isDigit || byte == UInt8(ascii: "_") ? Character(Unicode.Scalar(byte)) : "-"
        }
        return "push.\(pusher).\(String(event))"
    }
}
