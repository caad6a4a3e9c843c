import OutboundHTTP
import Synchronization
import TestSupport
import Testing

@Suite struct StreamingTests {
    let client = HTTPClient()

    private func open(_ server: ScriptedHTTPServer) async throws -> HTTPStreamingResponse {
        try await client.stream(HTTPRequest(method: "GET", url: server.url), deadline: .now + .seconds(5))
    }

    private static func chunk(_ text: String) -> String { String(text.utf8.count, radix: 16) + "\r\n\(text)\r\n" }
    private static let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nX-A: b\r\n\r\n"

    @Test func piecesArriveBeforeTheEnd() async throws {
        let (turns, turn) = AsyncStream.makeStream(of: Void.self)
        try await withScriptedServer { _, responder in
            try await responder.write(Self.head)
            var number = 0
            for await _ in turns {
                number += 1
                try await responder.write(Self.chunk("piece \(number)"))
                if number == 3 { break }
            }
            try await responder.write("0\r\n\r\n")
        } body: { server in
            let response = try await open(server)
            #expect(response.status == 200)
            #expect(response.head.header("x-a") == "b")
            var pieces: [String] = []
            turn.yield()
            for try await bytes in response.body {
                pieces.append(String(decoding: bytes, as: UTF8.self))
                turn.yield()
            }
            #expect(pieces == ["piece 1", "piece 2", "piece 3"])
        }
    }

    @Test func aSlowReaderPausesTheServer() async throws {
        let total = 16 << 20
        let sent = Mutex(0)
        try await withScriptedServer { _, responder in
            try await responder.write("HTTP/1.1 200 OK\r\ncontent-length: \(total)\r\n\r\n")
            for _ in 0..<(total >> 16) {
                try await responder.write([UInt8](repeating: 7, count: 1 << 16))
                sent.withLock { $0 += 1 << 16 }
            }
        } body: { server in
            let response = try await open(server)
            var received = 0
            for try await bytes in response.body {
                received += bytes.count
                // What the kernel's buffers, the server's and ours hold is far less than the whole.
                if received < total / 4 { #expect(sent.withLock { $0 } - received < total / 2 + (8 << 20)) }
            }
            #expect(received == total)
        }
    }

    @Test func aBrokenStreamThrows() async throws {
        try await withScriptedServer { _, responder in
            try await responder.write(Self.head + Self.chunk("a"))
            throw ScriptedHTTPServer.CloseConnection()
        } body: { server in
            let response = try await open(server)
            var count = 0
            await #expect {
                for try await _ in response.body { count += 1 }
            } throws: { error in
                guard case .transferFailed = error as? HTTPClientError else { return false }
                return true
            }
            #expect(count == 1)
        }
    }

    @Test func headersHaveADeadline() async throws {
        try await withScriptedServer { _, _ in
        } body: { server in
            await #expect(throws: HTTPClientError.timedOut) {
                try await client.stream(
                    HTTPRequest(method: "GET", url: server.url), deadline: .now + .milliseconds(100))
            }
        }
    }

    @Test func aCancelledReaderGetsCancelled() async throws {
        try await withScriptedServer { _, responder in
            try await responder.write(Self.head + Self.chunk("a"))
        } body: { server in
            let response = try await open(server)
            let (pieces, piece) = AsyncStream.makeStream(of: Void.self)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for try await _ in response.body { piece.yield() } }
                for await _ in pieces { break }
                group.cancelAll()
                await #expect(throws: HTTPClientError.cancelled) { try await group.next() }
            }
        }
    }

    @Test func aClosedPortIsAConnectFailure() async throws {
        let url = try await withScriptedServer { _, _ in
        } body: {
            $0.url
        }
        await #expect {
            try await client.stream(HTTPRequest(method: "GET", url: url), deadline: .now + .seconds(5))
        } throws: { error in
            guard case .connectFailed = error as? HTTPClientError else { return false }
            return true
        }
    }
}
