import Foundation
import Glibc
import TestSupport

/// A connection on which bytes are sent as they are, for requests no HTTP client would make.
public struct RawConnection: Sendable {
    /// The most bytes of answers that are read.
    static let answerBytesMax = 256 << 10

    /// Sends `request` to a loopback port and returns what comes back until the other side closes or is silent.
    ///
    /// - Parameter silence: how long nothing may come before reading ends.
    public static func exchange(
        _ request: [UInt8], port: UInt16, silence: Duration = .seconds(1)
    ) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            // A thread of its own, because the socket's calls block.
            let thread = Thread {
                continuation.resume(with: Result { try blockingExchange(request, port: port, silence: silence) })
            }
            thread.start()
        }
    }

    private static func blockingExchange(_ request: [UInt8], port: UInt16, silence: Duration) throws -> String {
        guard let socket = Loopback.connect(to: port) else { throw Failure.noConnection }
        defer { close(socket) }
        let (seconds, attoseconds) = silence.components
        var timeout = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress?.advanced(by: sent), request.count - sent, Int32(MSG_NOSIGNAL))
            }
            // The other side may refuse before it has read all.
            guard count > 0 else { break }
            sent += count
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while answer.count < answerBytesMax {
            let count = read(socket, &buffer, buffer.count)
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    enum Failure: Error {
        case noConnection
    }

    /// The statuses of all responses in `answer`.
    public static func statuses(in answer: String) -> [Int] {
        answer.split(separator: "HTTP/1.1 ", omittingEmptySubsequences: false).dropFirst().compactMap {
            Int($0.prefix(3))
        }
    }
}
