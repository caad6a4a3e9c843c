import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// One listening address with its routes.
///
/// What comes in is matched, admitted by its cost class, read within its limit and handled within its deadline;
/// whatever happens, the answer is a Matrix error a client understands, and nothing internal shows.
public final class HTTPListener: Sendable {
    public typealias Handler = @Sendable (ServerRequest) async throws -> HTTPAnswer

    public struct Options: Sendable {
        /// Connections beyond are left in the backlog until some close.
        public var connectionsMax = 12_000
        /// Browsers may call it: CORS headers and OPTIONS, as the spec wants.
        public var isPublic = true
        /// The secret callers prove; requests that came through a router are refused.
        public var clusterSecret: String?
        /// An idle connection is closed after this.
        public var idleTimeout = Duration.seconds(120)

        public init() {}
    }

    let matcher: RouteMatcher<Handler>
    let admissions: [CostClass: Admission]
    let options: Options
    let logger: Logger
    private let host: String
    private let port: Int
    private let group: any EventLoopGroup
    private let bound = Mutex<Int?>(nil)
    private let draining = Mutex(false)
    private let boundSignal: AsyncStream<Void>
    private let boundContinuation: AsyncStream<Void>.Continuation
    private let requestCount = RequestMetrics()

    public init(
        host: String, port: Int, routes: [(Route, Handler)], options: Options = Options(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, logger: Logger
    ) {
        self.host = host
        self.port = port
        self.options = options
        self.group = group
        self.logger = logger
        matcher = RouteMatcher(routes)
        admissions = Dictionary(uniqueKeysWithValues: CostClass.allCases.map { ($0, Admission($0)) })
        (boundSignal, boundContinuation) = AsyncStream.makeStream()
    }

    /// Serves until the surrounding service group shuts down gracefully or the task is cancelled.
    ///
    /// - Throws: when the address cannot be bound.
    public func run() async throws {
        let responder = CallbackResponder<BasicRequestContext> { request, context in
            await self.respond(to: request, context: context)
        }
        let application = Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(options.idleTimeout.components.seconds))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: nil, backlog: 1_024,
                availableConnectionsDelegate: MaximumAvailableConnections(options.connectionsMax)),
            onServerRunning: { channel in
                self.bound.withLock { $0 = channel.localAddress?.port }
                self.boundContinuation.finish()
            },
            eventLoopGroupProvider: .shared(group), logger: serverLogger)
        defer { boundContinuation.finish() }
        try await application.run()
    }

    /// What the server says of itself below a warning is said better by whoever started it.
    private var serverLogger: Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }

    /// The address it really listens on, once it does; `nil` when it ended before.
    public func boundAddress() async -> String? {
        for await _ in boundSignal {}
        return bound.withLock { $0 }.map { "\(host):\($0)" }
    }

    /// From now on every answer asks the client to close the connection.
    public func beginDraining() { draining.withLock { $0 = true } }

    /// Requests under way, all classes.
    public var inFlight: Int { admissions.values.reduce(0) { $0 + $1.inFlight } }

    // MARK: A request's way

    private func respond(to request: Request, context: BasicRequestContext) async -> Response {
        let started = ContinuousClock.now
        let requestID = header("x-request-id", request) ?? Self.makeRequestID()
        var cost: CostClass?
        var answer: HTTPAnswer
        do {
            answer = try await handle(request, context, requestID, &cost)
        } catch let error as any HTTPAnswerable {
            answer = error.answer
        } catch is CancellationError {
            answer = HTTPRefusal.tooLate.answer
        } catch {
            logger.error(
                "request failed",
                metadata: [
                    "request": "\(requestID)", "method": "\(request.method)", "path": "\(pathWithoutQuery(request))",
                    "error": "\(error)",
                ])
            answer = HTTPAnswer(status: 500, json: #"{"errcode":"M_UNKNOWN","error":"Internal server error"}"#)
        }
        requestCount.finished(cost: cost, status: answer.status, took: .now - started)
        return makeResponse(answer, requestID: requestID, isHead: request.method == .head)
    }

    private func handle(
        _ request: Request, _ context: BasicRequestContext, _ requestID: String, _ cost: inout CostClass?
    ) async throws -> HTTPAnswer {
        try checkFraming(request)
        if request.method == .options, options.isPublic { return HTTPAnswer(json: "{}") }
        try checkClusterSecret(request)
        guard let target = request.head.path, let path = RequestPath(target: target) else {
            throw HTTPRefusal.unrecognized(status: 404)
        }
        switch matcher.match(method: request.method.rawValue, path) {
        case .unknown: throw HTTPRefusal.unrecognized(status: 404)
        case .wrongMethod: throw HTTPRefusal.unrecognized(status: 405)
        case .found(let handler, let route, let parameters):
            cost = route.cost
            guard let admission = admissions[route.cost] else { preconditionFailure("every class has an admission") }
            let (body, bodyStream) = try await readBody(of: request, for: route)
            let serverRequest = ServerRequest(
                method: request.method.rawValue, target: target, route: route, parameters: parameters,
                query: try queryItems(path.query), headers: request.headers, body: body, bodyStream: bodyStream,
                requestID: requestID, clientAddress: header("x-forwarded-for", request),
                deadline: .now + route.cost.deadline)
            let place = try await admission.take()
            defer { withExtendedLifetime(place) {} }
            var answer = try await withDeadline(route.cost.deadline) { try await handler(serverRequest) }
            if case .pulled = answer.body { answer.held = PulledHold(place: place, held: answer.held) }
            return answer
        }
    }

    /// What stays until a pulled body has been written.
    private struct PulledHold: Sendable {
        let place: AdmissionPlace
        let held: (any Sendable)?
    }

    /// Ends a handler that outlives its deadline; a class of long waits minds its own.
    private func withDeadline(
        _ deadline: Duration, _ body: @escaping @Sendable () async throws -> HTTPAnswer
    ) async throws -> HTTPAnswer {
        guard deadline < CostClass.sync.deadline else { return try await body() }
        return try await withThrowingTaskGroup(of: HTTPAnswer?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: deadline)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let answer = first else { throw HTTPRefusal.tooLate }
            return answer
        }
    }

    private func readBody(
        of request: Request, for route: Route
    ) async throws -> (whole: ByteBuffer, stream: RequestBodyStream?) {
        let limit = route.bodyLimit
        let length = header("content-length", request).flatMap { Int64($0) }
        if let length, length > Int64(limit.bytes) { throw HTTPRefusal.bodyTooLarge }
        switch route.body {
        case .collected: return (try await collectBody(of: request, limit: limit), nil)
        case .streamed:
            return (ByteBuffer(), RequestBodyStream(request.body, declaredByteCount: length, limit: limit))
        }
    }

    private func collectBody(of request: Request, limit: ByteCount) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: limit.bytes)
        } catch is NIOTooManyBytesError {
            throw HTTPRefusal.bodyTooLarge
        }
    }

    private func queryItems(_ query: String) throws -> [(name: String, value: String)] {
        try query.split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true),
                let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else { throw HTTPRefusal.malformed }
            return (name, value)
        }
    }

    /// Framing that two parsers could read differently is refused, whoever let it through.
    private func checkFraming(_ request: Request) throws {
        let lengths = request.headers[values: .contentLength]
        guard lengths.count <= 1, lengths.isEmpty || request.headers[.transferEncoding] == nil else {
            throw HTTPRefusal.malformed
        }
    }

    private func checkClusterSecret(_ request: Request) throws {
        guard let secret = options.clusterSecret else { return }
        let isForwarded = request.headers.contains { $0.name.canonicalName.hasPrefix("x-forwarded-") }
        let given = request.headers[.authorization] ?? ""
        guard !isForwarded, ConstantTime.areEqual(given, "Apus-Internal " + secret) else {
            throw HTTPRefusal.notAuthorised
        }
    }

    private func makeResponse(_ answer: HTTPAnswer, requestID: String, isHead: Bool) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = answer.contentType
        for (name, value) in answer.headers {
            // Several of a name stay several: each cookie has a header of its own.
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
        if let name = HTTPField.Name("X-Request-Id") { headers[name] = requestID }
        if options.isPublic { CrossOriginHeaders.add(to: &headers) }
        if draining.withLock({ $0 }) { headers[.connection] = "close" }
        let body: ResponseBody =
            switch answer.body {
            case .bytes(let buffer): ResponseBody(byteBuffer: buffer)
            case .buffers(let buffers): Self.buffersBody(buffers, holding: answer.held)
            case .pulled(let byteCount, let next): Self.pulledBody(byteCount, next, holding: answer.held)
            case .stream(let produce): Self.streamBody(produce)
            }
        if let length = body.contentLength { headers[.contentLength] = String(length) }
        return Response(
            status: .init(code: answer.status), headers: headers, body: isHead ? ResponseBody() : body)
    }

    private static func buffersBody(_ buffers: [ByteBuffer], holding held: (any Sendable)?) -> ResponseBody {
        ResponseBody(contentLength: buffers.reduce(0) { $0 + $1.readableBytes }) { writer in
            try await writer.write(contentsOf: buffers)
            try await writer.finish(nil)
            // The closure goes with the response; so does what is held.
            _ = held
        }
    }

    private static func pulledBody(
        _ byteCount: Int64?, _ next: @escaping @Sendable () async throws -> ByteBuffer?, holding held: (any Sendable)?
    ) -> ResponseBody {
        ResponseBody(contentLength: byteCount.map { Int($0) }) { writer in
            while let piece = try await next() { try await writer.write(piece) }
            try await writer.finish(nil)
            _ = held
        }
    }

    private static func streamBody(
        _ produce: @escaping @Sendable (@Sendable (ByteBuffer) async throws -> Void) async throws -> Void
    ) -> ResponseBody {
        ResponseBody { writer in
            let (buffers, continuation) = AsyncThrowingStream.makeStream(
                of: ByteBuffer.self, bufferingPolicy: .bufferingNewest(Self.streamBuffersMax))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        try await produce { buffer in
                            // A reader that cannot keep up loses the stream, not pieces of it.
                            if case .dropped = continuation.yield(buffer) { throw CancellationError() }
                        }
                        continuation.finish()
                    } catch {
                        continuation.finish(throwing: error)
                    }
                }
                for try await buffer in buffers { try await writer.write(buffer) }
                try await group.waitForAll()
            }
            try await writer.finish(nil)
        }
    }

    /// Pieces of a stream that wait for a slow reader.
    static let streamBuffersMax = 10_000

    private func header(_ name: String, _ request: Request) -> String? {
        HTTPField.Name(name).flatMap { request.headers[$0] }
    }

    private func pathWithoutQuery(_ request: Request) -> Substring {
        (request.head.path ?? "").prefix { $0 != "?" }
    }

    private static func makeRequestID() -> String {
        String(UInt64.random(in: 0 ... .max), radix: 36)
    }
}
