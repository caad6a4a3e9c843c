import ClusterOperations
import Leases
import Synchronization
import TestSupport
import Testing

/// Requests that two parsers could read differently: refused, or passed on in one form only.
@Suite(.serialized)
struct RouterSmugglingTests {
    private static let head = "PUT /_matrix/client/v3/profile/a/b HTTP/1.1\r\nHost: a\r\n"
    private static let hidden = "GET /_matrix/client/v3/hidden HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func lines(_ text: String) async throws -> (answer: String, requests: [ScriptedHTTPServer.Request]) {
        let seen = Mutex<[ScriptedHTTPServer.Request]>([])
        let answer = try await withScriptedServer { request, responder in
            if request.target != "/ready" { seen.withLock { $0.append(request) } }
            try await responder.respond(status: 200, "{}")
        } body: { server in
            try await RunningRouter.with { router in
                try await router.apply([RunningRouter.server("client-1", .client, at: server.address)])
                return try await RawConnection.exchange(text, port: router.port)
            }
        }
        return (answer, seen.withLock { $0 })
    }

    @Test(arguments: [
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "Content-Length: 5, 6\r\n\r\nhello",
        "Content-Length: +5\r\n\r\nhello", "Content-Length: \r\n\r\n", "Content-Length: 0x5\r\n\r\nhello",
        "Content-Length: -1\r\n\r\n", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "Content-Length : 5\r\n\r\nhello",
    ])
    func ambiguousLengthsAreRefused(headers: String) async throws {
        let (answer, requests) = try await Self.lines(Self.head + headers + Self.hidden)
        #expect(RawConnection.statuses(answer) == [400])
        #expect(requests.isEmpty)
    }

    @Test func oldVersionWithChunksIsRefused() async throws {
        let request =
            "PUT /_matrix/client/v3/profile/a/b HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        let (answer, requests) = try await Self.lines(request + Self.hidden)
        #expect(RawConnection.statuses(answer) == [400])
        #expect(requests.isEmpty)
    }

    @Test(arguments: [
        "GET http://127.0.0.1/_matrix/client/versions HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /_matrix/client/versions#/../internal HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "TRACE /_matrix/client/versions HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /_matrix/client/ve\u{1}rsions HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func whatIsNoPlainRequestIsRefused(request: String) async throws {
        let (answer, requests) = try await Self.lines(request)
        #expect([[400], [405]].contains(RawConnection.statuses(answer)), "\(answer)")
        #expect(requests.isEmpty)
    }

    /// HAProxy reads these as RFC 9112 says and writes them anew, so the worker has only one way to read them.
    @Test(arguments: [
        "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "Content-Length: 5, 5\r\n\r\nhello",
        "X-A: b\r\n Content-Length: 99\r\nContent-Length: 5\r\n\r\nhello",
    ])
    func whatIsPassedOnHasOneLength(headers: String) async throws {
        let (answer, requests) = try await Self.lines(Self.head + headers)
        #expect(RawConnection.statuses(answer) == [200])
        let request = try #require(requests.first)
        #expect(requests.count == 1)
        #expect(request.headerLines.filter { $0.lowercased().hasPrefix("content-length:") }.count == 1)
        #expect(String(decoding: request.body, as: UTF8.self) == "hello")
    }

    @Test func chunksBesideALengthReachTheWorkerAsChunksAlone() async throws {
        let (_, requests) = try await Self.lines(
            Self.head + "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Self.hidden)
        for request in requests {
            let framing = request.headerLines.map { $0.lowercased() }
                .filter { $0.hasPrefix("content-length:") || $0.hasPrefix("transfer-encoding:") }
            #expect(framing.count <= 1)
            #expect(!framing.contains { $0.hasPrefix("content-length: 60") })
        }
    }
}
