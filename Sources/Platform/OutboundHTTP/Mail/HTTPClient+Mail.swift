extension HTTPClient {
    /// Hands a mail to `server`; returns when the server has taken it.
    ///
    /// - Throws: ``HTTPClientError``; after `.timedOut` and `.transferFailed` it may have been taken.
    public func send(
        _ message: MailMessage, by server: MailServer, deadline: ContinuousClock.Instant
    ) async throws(HTTPClientError) {
        guard message.isWellFormed else { throw .badRequest("a control character in the mail's head") }
        let request = HTTPRequest(method: "MAIL", url: server.url)
        _ = try await execute(request, mail: MailDelivery(message, to: server), deadline: deadline)
    }
}
