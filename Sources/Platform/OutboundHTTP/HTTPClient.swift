/// Sends HTTP requests through libcurl on one thread of its own, keeping connections alive.
///
/// Cancelling the task that waits aborts the transfer.
public final class HTTPClient: Sendable {
    public struct Configuration: Sendable {
        public var addressPolicy: AddressPolicy = .any
        /// The most transfers under way; more are refused as ``HTTPClientError/overloaded``.
        public var transfersMax = 1_024
        /// The most connections kept open, busy ones included.
        public var connectionsMax = 256
        /// The longest a connection may take to be made.
        public var connectDuration = Duration.seconds(5)
        /// PEM file of the authorities to trust; `nil` for the system's.
        public var certificateAuthorityFile: String?

        public init() {}
    }

    private let configuration: Configuration
    private let loop: TransferLoop

    public init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
        loop = TransferLoop(
            transfersMax: configuration.transfersMax, idleConnectionsMax: configuration.connectionsMax)
        loop.start()
    }

    deinit { loop.stop() }

    /// Fails what is under way with ``HTTPClientError/shutDown`` and refuses more.
    public func shutdown() { loop.stop() }

    /// Sends a request and waits for the whole response, of whatever status.
    public func execute(
        _ request: HTTPRequest, deadline: ContinuousClock.Instant
    ) async throws(HTTPClientError) -> HTTPResponse {
        try await execute(request, mail: nil, deadline: deadline)
    }

    func execute(
        _ request: HTTPRequest, mail: MailDelivery?, deadline: ContinuousClock.Instant
    ) async throws(HTTPClientError) -> HTTPResponse {
        let duration = ContinuousClock.now.duration(to: deadline)
        guard duration > .zero else { throw .timedOut }
        let collector = ResponseCollector(bytesMax: request.responseBytesMax)
        let transfer = try makeTransfer(request, mail: mail, duration: duration, sink: collector)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                collector.resume(continuation)
                if let error = loop.add(transfer) { collector.finish(error) }
            }
        } onCancel: {
            loop.cancel(transfer)
        }
        return try result.get()
    }

    /// Sends a request and returns when the response's headers are there; its body has no deadline.
    ///
    /// - Parameter deadline: for the headers.
    public func stream(
        _ request: HTTPRequest, deadline: ContinuousClock.Instant
    ) async throws(HTTPClientError) -> HTTPStreamingResponse {
        let buffer = BodyBuffer()
        let transfer = try makeTransfer(request, duration: nil, sink: buffer)
        buffer.onResume { [loop, weak transfer] in
            if let transfer { loop.resume(transfer) }
        }
        if let error = loop.add(transfer) { throw error }
        let body = HTTPBodyStream(buffer: buffer, abort: { [loop] in loop.cancel(transfer) })
        let head = try await body.head(deadline: deadline)
        return HTTPStreamingResponse(head: head, body: body)
    }

    private func makeTransfer(
        _ request: HTTPRequest, mail: MailDelivery? = nil, duration: Duration?, sink: any TransferSink
    ) throws(HTTPClientError) -> Transfer {
        guard request.isWellFormed else { throw .badRequest("a control character, or no method or header name") }
        let options = TransferOptions(
            duration: duration, connectDuration: min(configuration.connectDuration, duration ?? .seconds(3_600)),
            addressPolicy: configuration.addressPolicy,
            certificateAuthorityFile: configuration.certificateAuthorityFile)
        return Transfer(request: request, mail: mail, options: options, sink: sink)
    }
}
