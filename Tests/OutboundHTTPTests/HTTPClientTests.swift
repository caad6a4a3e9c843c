import OutboundHTTP
import TestSupport
import Testing

@Suite struct HTTPClientTests {
    let client = HTTPClient()

    private func get(_ url: String) -> HTTPRequest { HTTPRequest(method: "GET", url: url) }

    @Test func aRequestArrivesAsItWasMade() async throws {
        let body = [UInt8]((0...255).map { UInt8($0) })
        try await withScriptedServer { request, responder in
            let seen =
                [request.method, request.target, request.header("x-a") ?? "-", "\(request.body == body)"]
                + [request.header("expect") ?? "-", request.header("content-type") ?? "-"]
            try await responder.respond(
                status: 201, headers: ["X-Answer:  yes ", "Empty:"], seen.joined(separator: " "))
        } body: { server in
            let request = HTTPRequest(
                method: "PUT", url: "\(server.url)/a%20b?c=d", headers: [("X-A", "v")], body: body)
            let response = try await client.execute(request, deadline: .now + .seconds(5))
            #expect(response.status == 201)
            #expect(response.head.header("x-answer") == "yes")
            #expect(response.head.header("empty") == "")
            #expect(String(decoding: response.body, as: UTF8.self) == "PUT /a%20b?c=d v true - -")
        }
    }

    @Test func postsWithoutABodyHaveLengthZero() async throws {
        try await withScriptedServer { request, responder in
            try await responder.respond("\(request.method) \(request.header("content-length") ?? "-")")
        } body: { server in
            let request = HTTPRequest(method: "POST", url: server.url, body: [])
            let response = try await client.execute(request, deadline: .now + .seconds(5))
            #expect(String(decoding: response.body, as: UTF8.self) == "POST 0")
        }
    }

    @Test func connectionsAreKept() async throws {
        try await withScriptedServer { _, responder in
            try await responder.respond("x")
        } body: { server in
            for _ in 0..<5 { _ = try await client.execute(get(server.url), deadline: .now + .seconds(5)) }
            #expect(server.connectionCount == 1)
        }
    }

    @Test func redirectsAreNotFollowed() async throws {
        try await withScriptedServer { _, responder in
            try await responder.respond(status: 302, headers: ["Location: http://127.0.0.1:1/"])
        } body: { server in
            let response = try await client.execute(get(server.url), deadline: .now + .seconds(5))
            #expect(response.status == 302)
        }
    }

    @Test func interimResponsesAreNotTheResponse() async throws {
        try await withScriptedServer { _, responder in
            try await responder.write("HTTP/1.1 103 Early\r\nA: early\r\n\r\n")
            try await responder.respond(headers: ["A: late"])
        } body: { server in
            let response = try await client.execute(get(server.url), deadline: .now + .seconds(5))
            #expect(response.head.headers.filter { $0.name == "a" }.map(\.value) == ["late"])
        }
    }

    @Test func bodiesAreAcceptedUpToTheirLimit() async throws {
        try await withScriptedServer { request, responder in
            try await responder.respond(String(repeating: "x", count: Int(request.target.dropFirst()) ?? 0))
        } body: { server in
            var request = get("\(server.url)/1000")
            request.responseBytesMax = 1_000
            let longest = try await client.execute(request, deadline: .now + .seconds(5))
            #expect(longest.body.count == 1_000)
            request.url = "\(server.url)/1001"
            await #expect(throws: HTTPClientError.responseTooLarge) {
                try await client.execute(request, deadline: .now + .seconds(5))
            }
        }
    }

    @Test func endlessHeadersAreRefused() async throws {
        try await withScriptedServer { _, responder in
            try await responder.write("HTTP/1.1 200 OK\r\n")
            for number in 0..<1_000 {
                try await responder.write("X-\(number): \(String(repeating: "y", count: 100))\r\n")
            }
            try await responder.write("\r\n")
        } body: { server in
            await #expect(throws: HTTPClientError.responseTooLarge) {
                try await client.execute(get(server.url), deadline: .now + .seconds(5))
            }
        }
    }

    @Test func aSilentServerTimesOut() async throws {
        try await withScriptedServer { _, _ in
        } body: { server in
            let start = ContinuousClock.now
            await #expect(throws: HTTPClientError.timedOut) {
                try await client.execute(get(server.url), deadline: .now + .milliseconds(200))
            }
            #expect(start.duration(to: .now) < .seconds(3))
            await #expect(throws: HTTPClientError.timedOut) {
                try await client.execute(get(server.url), deadline: .now - .seconds(1))
            }
        }
    }

    @Test func aClosedPortIsAConnectFailure() async throws {
        let url = try await withScriptedServer { _, _ in
        } body: {
            $0.url
        }
        await #expect {
            try await client.execute(get(url), deadline: .now + .seconds(5))
        } throws: { error in
            guard case .connectFailed = error as? HTTPClientError else { return false }
            return (error as? HTTPClientError)?.isUnsent == true
        }
    }

    @Test func aBrokenConnectionIsATransferFailure() async throws {
        try await withScriptedServer { _, responder in
            try await responder.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc")
            throw ScriptedHTTPServer.CloseConnection()
        } body: { server in
            await #expect {
                try await client.execute(get(server.url), deadline: .now + .seconds(5))
            } throws: { error in
                guard case .transferFailed = error as? HTTPClientError else { return false }
                return true
            }
        }
    }

    @Test(arguments: [
        HTTPRequest(method: "GET\r\nX", url: "http://127.0.0.1/"), HTTPRequest(method: "GET", url: "http://a/\r\nX: y"),
        HTTPRequest(method: "GET", url: "http://a/", headers: [("X", "a\r\nB: c")]),
        HTTPRequest(method: "GET", url: "http://a/", headers: [("X:", "a")]),
        HTTPRequest(method: "GET", url: "ftp://127.0.0.1/"), HTTPRequest(method: "GET", url: "file:///etc/passwd"),
        HTTPRequest(method: "", url: "http://127.0.0.1/"), HTTPRequest(method: "GET", url: "http://"),
    ])
    func malformedRequestsAreNotSent(request: HTTPRequest) async {
        await #expect {
            try await client.execute(request, deadline: .now + .seconds(5))
        } throws: { error in
            guard case .badRequest = error as? HTTPClientError else { return false }
            return true
        }
    }

    @Test func cancellingTheTaskEndsTheTransfer() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        try await withScriptedServer { _, _ in
            arrived.yield()
        } body: { server in
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await client.execute(get(server.url), deadline: .now + .seconds(60)) }
                for await _ in arrivals { break }
                group.cancelAll()
                await #expect(throws: HTTPClientError.cancelled) { try await group.next() }
            }
        }
    }

    @Test func moreTransfersThanTheLimitAreRefused() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.transfersMax = 2
        let client = HTTPClient(configuration: configuration)
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        try await withScriptedServer { _, _ in
            arrived.yield()
        } body: { server in
            await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask { _ = try await client.execute(get(server.url), deadline: .now + .seconds(60)) }
                }
                var waiting = 0
                for await _ in arrivals {
                    waiting += 1
                    if waiting == 2 { break }
                }
                await #expect(throws: HTTPClientError.overloaded) {
                    try await client.execute(get(server.url), deadline: .now + .seconds(5))
                }
                client.shutdown()
                for _ in 0..<2 { await #expect(throws: HTTPClientError.shutDown) { try await group.next() } }
                await #expect(throws: HTTPClientError.shutDown) {
                    try await client.execute(get(server.url), deadline: .now + .seconds(5))
                }
            }
        }
    }

    @Test func manyAtOnceAllComeBack() async throws {
        try await withScriptedServer { request, responder in
            try await responder.respond(request.target)
        } body: { server in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let response = try await client.execute(
                            get("\(server.url)/\(number)"), deadline: .now + .seconds(20))
                        return response.body == Array("/\(number)".utf8)
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }
}
