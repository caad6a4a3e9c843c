import Foundation
import HTTPServer
import NIOCore
import OutboundHTTP
import Synchronization
import TestSupport
import Testing

/// Bodies that are too large to hold, in both directions.
struct StreamedBodyTests {
    private static func streamed(_ limit: ByteCount) -> Route {
        Route(
            .post, "/test", worker: "any", cost: .upload, authentication: .none, bodyLimit: limit, body: .streamed)
    }

    /// Answers with how many bytes came.
    private static let counting: HTTPListener.Handler = { request in
        guard let stream = request.bodyStream else { return HTTPAnswer(status: 500, json: "{}") }
        var count = 0
        for try await piece in stream { count += piece.readableBytes }
        return HTTPAnswer(json: "\(count) \(stream.declaredByteCount ?? -1) \(request.body.readableBytes)")
    }

    @Test func aBodyIsReadUpToItsLimit() async throws {
        try await ListeningServer.with([(Self.streamed(.mebibytes(1)), Self.counting)]) { server in
            let full = [UInt8](repeating: 7, count: 1 << 20)
            let answer = try await server.send("POST", "/test", body: full)
            #expect(String(decoding: answer.body, as: UTF8.self) == "1048576 1048576 0")
            let tooMuch = try await server.send("POST", "/test", body: full + [7])
            #expect(tooMuch.status == 413)
            #expect(String(decoding: tooMuch.body, as: UTF8.self).contains("M_TOO_LARGE"))
        }
    }

    @Test func chunkedBodiesHaveTheSameLimit() async throws {
        try await ListeningServer.with([(Self.streamed(.kibibytes(1)), Self.counting)]) { server in
            let head = "POST /test HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunk = "400\r\n" + String(repeating: "a", count: 1_024) + "\r\n"
            let whole = try await server.exchange(head + chunk + "0\r\n\r\n")
            #expect(whole.contains("1024 -1 0"))
            let tooMuch = try await server.exchange(head + chunk + "1\r\na\r\n0\r\n\r\n")
            #expect(tooMuch.hasPrefix("HTTP/1.1 413 "))
        }
    }

    /// One reader takes everything while another, who came first, has stopped: the server had all that time to pull for
    /// the first too.
    @Test(.timeLimit(.minutes(1))) func anAnswerIsPulledAsFastAsItsReaderTakesIt() async throws {
        let pieces = 400
        /// Of each request, in the order they came.
        let pulled = Mutex<[Int]>([])
        let handler: HTTPListener.Handler = { _ in
            let request = pulled.withLock { pulled in
                pulled.append(0)
                return pulled.count - 1
            }
            return HTTPAnswer(
                contentType: "x/y",
                body: .pulled(byteCount: Int64(pieces << 16)) {
                    let number = pulled.withLock { pulled in
                        pulled[request] += 1
                        return pulled[request]
                    }
                    return number > pieces ? nil : ByteBuffer(repeating: 7, count: 1 << 16)
                })
        }
        try await ListeningServer.with([(.test(cost: .download), handler)]) { server in
            /// Reads a whole answer.
            func read(pausing: () async throws -> Void) async throws {
                let answer = try await server.http.stream(
                    HTTPRequest(method: "GET", url: "http://\(server.address)/test"), deadline: .now + .seconds(10))
                #expect(answer.head.header("content-length") == "\(pieces << 16)")
                var received = 0
                for try await bytes in answer.body {
                    if received == 0 { try await pausing() }
                    received += bytes.count
                }
                #expect(received == pieces << 16)
            }
            try await read {
                // Each has its place for as long as it is written.
                #expect(server.listener.inFlight == 1)
                try await read { #expect(server.listener.inFlight == 2) }
                #expect(pulled.withLock { $0[1] } > pieces)
                #expect(pulled.withLock { $0[0] } < pieces)
                try await eventually("one place is free") { server.listener.inFlight == 1 }
            }
            try await eventually("the place is free") { server.listener.inFlight == 0 }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aReaderThatLeavesFreesThePlace() async throws {
        let handler: HTTPListener.Handler = { _ in
            HTTPAnswer(body: .pulled(byteCount: nil) { ByteBuffer(repeating: 7, count: 1 << 16) })
        }
        try await ListeningServer.with([(.test(cost: .download), handler)]) { server in
            let answer = try await server.http.stream(
                HTTPRequest(method: "GET", url: "http://\(server.address)/test"), deadline: .now + .seconds(10))
            #expect(server.listener.inFlight == 1)
            answer.body.cancel()
            try await eventually("the place is free") { server.listener.inFlight == 0 }
        }
    }

    @Test func anAnswerThatBreaksOffIsNoWholeOne() async throws {
        struct Lost: Error {}
        let isFirst = Mutex(true)
        let handler: HTTPListener.Handler = { _ in
            HTTPAnswer(
                body: .pulled(byteCount: 20) {
                    guard
                        isFirst.withLock({ first in
                            defer { first = false }
                            return first
                        })
                    else { throw Lost() }
                    return ByteBuffer(repeating: 7, count: 10)
                })
        }
        try await ListeningServer.with([(.test(cost: .download), handler)]) { server in
            await #expect(throws: HTTPClientError.self) { try await server.send("GET", "/test") }
        }
    }
}
