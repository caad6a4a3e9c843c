import Glibc
import NIOCore
import OutboundHTTP
import Synchronization

/// Objects in a bucket of any server that speaks S3's protocol, addressed by path.
///
/// A body is gathered in a file of this machine first: then its length and digest are known, and a part that did not
/// arrive can be sent again. Large ones go up in parts.
public struct S3ObjectStore: ObjectStore {
    /// Larger bodies are uploaded in parts of this size, in bytes; S3 takes 5 MiB at least.
    public static let partBytesMax = 8 << 20
    /// Bodies on their way up at once: each is up to a part in memory, twice.
    static let uploadsMax = 8
    /// A transfer that brings no byte for so long is given up.
    static let stallMax = Duration.seconds(30)

    public let spool: Spool
    private let requests: S3Requests
    private let places: UploadTurns

    /// - Parameters:
    ///   - spool: on this machine.
    ///   - clock: seconds since 1970.
    public init(
        configuration: S3Configuration, spool: Spool, client: HTTPClient,
        clock: @escaping @Sendable () -> Int = { Int(time(nil)) }
    ) {
        self.spool = spool
        requests = S3Requests(configuration: configuration, client: client, clock: clock)
        places = UploadTurns(Self.uploadsMax)
    }

    public func store(_ file: SpooledFile, as key: ObjectKey) async throws(ObjectStoreError) {
        await places.take()
        defer { places.giveBack() }
        if file.byteCount <= Int64(Self.partBytesMax) {
            var request = S3Requests.Request("PUT", key)
            request.body = try await file.read(at: 0, count: Int(file.byteCount))
            request.bodyDigest = S3Signature.hexadecimal(file.digest)
            _ = try accepted(await requests.send(request))
        } else {
            try await S3PartsUpload(requests: requests, key: key, file: file).run()
        }
    }

    public func open(_ key: ObjectKey, range: Range<Int64>?) async throws(ObjectStoreError) -> ObjectBody? {
        var request = S3Requests.Request("GET", key)
        if let range {
            // S3 has no empty ranges.
            guard !range.isEmpty else { return ObjectBody(objectByteCount: 0) { nil } }
            request.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
        }
        let response = try await requests.open(request)
        switch response.status {
        case 200, 206: break
        case 404:
            response.body.cancel()
            return nil
        default:
            response.body.cancel()
            throw .failed("GET: status \(response.status)")
        }
        let body = response.body
        return ObjectBody(objectByteCount: Self.objectByteCount(response.head)) {
            var iterator = body.makeAsyncIterator()
            do {
                return try await iterator.next().map { ByteBuffer(bytes: $0) }
            } catch {
                throw ObjectStoreError.unavailable("\(error)")
            }
        }
    }

    /// Brings the object onto this machine.
    public func localFile(of key: ObjectKey) async throws(ObjectStoreError) -> LocalFile? {
        guard let body = try await open(key, range: nil) else { return nil }
        let file = try await spool.begin()
        do {
            while let piece = try await body.next() { try await file.append(piece) }
        } catch let error as ObjectStoreError {
            throw error
        } catch {
            throw .unavailable("\(error)")
        }
        return file.localFile
    }

    public func delete(_ key: ObjectKey) async throws(ObjectStoreError) {
        let response = try await requests.send(S3Requests.Request("DELETE", key))
        if response.status != 404 { _ = try accepted(response) }
    }

    private func accepted(_ response: HTTPResponse) throws(ObjectStoreError) -> HTTPResponse {
        try S3PartsUpload.accepted(response)
    }

    /// Of a part `bytes 5-9/100` is said, of a whole its length.
    private static func objectByteCount(_ head: HTTPResponseHead) -> Int64 {
        let total = head.header("content-range")?.split(separator: "/").last.flatMap { Int64($0) }
        return total ?? head.header("content-length").flatMap { Int64($0) } ?? 0
    }
}

/// Lets some at a time go up; the others wait, each with a place in its request's class.
private final class UploadTurns: Sendable {
    private let state: Mutex<(free: Int, waiting: [CheckedContinuation<Void, Never>])>

    init(_ count: Int) { state = Mutex((count, [])) }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    func giveBack() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
