import Foundation
import HTTPServer
import Testing

/// Bodies, deadlines and framing at the worker's own listener.
struct RequestBoundsTests {
    private static let echo: HTTPListener.Handler = { request in
        HTTPAnswer(body: .bytes(request.body))
    }

    @Test func bodiesUpToTheLimitPassAndOneByteMoreDoesNot() async throws {
        let route = Route.test(.post, bodyLimit: .kibibytes(1))
        try await ListeningServer.with([(route, Self.echo)]) { server in
            let full = [UInt8](repeating: 0x61, count: 1_024)
            #expect(try await server.send("POST", "/test", body: full).body == full)
            let response = try await server.send("POST", "/test", body: full + [0x61])
            #expect(response.status == 413)
            #expect(String(decoding: response.body, as: UTF8.self).contains("M_TOO_LARGE"))
        }
    }

    @Test func chunkedBodiesHaveTheSameLimit() async throws {
        try await ListeningServer.with([(.test(.post), Self.echo)]) { server in
            let chunk = "400\r\n" + String(repeating: "a", count: 1_024) + "\r\n"
            let head = "POST /test HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            let fits = try await server.exchange(head + chunk + "0\r\n\r\n")
            #expect(fits.hasPrefix("HTTP/1.1 200 "))
            let tooMuch = try await server.exchange(head + chunk + "1\r\na\r\n0\r\n\r\n")
            #expect(tooMuch.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test(.timeLimit(.minutes(1))) func aHandlerThatOutlivesItsDeadlineIsAnsweredFor() async throws {
        let cost = CostClass.light
        let route: (Route, HTTPListener.Handler) = (
            .test(cost: cost),
            { _ in
                try await Task.sleep(for: .seconds(600))
                return HTTPAnswer(json: "{}")
            }
        )
        try await ListeningServer.with([route]) { server in
            let began = ContinuousClock.now
            let response = try await server.send("GET", "/test")
            #expect(response.status == 503)
            #expect(response.head.header("retry-after") == "1")
            let took = ContinuousClock.now - began
            #expect(took >= cost.deadline && took < cost.deadline + .seconds(10))
            #expect(server.listener.inFlight == 0)
        }
    }

    @Test(arguments: [
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Content-Length: +5\r\n\r\nhello",
        "Content-Length: 5x\r\n\r\nhello", "Transfer-Encoding: xchunked\r\n\r\nhello",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n5;\r\nhello\r\nzz\r\n",
    ])
    func framingTwoParsersCouldReadDifferentlyServesNobody(headers: String) async throws {
        try await ListeningServer.with([
            (.test(.post), Self.echo), (.test(.get, "/hidden"), { _ in HTTPAnswer(json: #"{"hidden":true}"#) }),
        ]) { server in
            let text = try await server.exchange(
                "POST /test HTTP/1.1\r\nHost: a\r\n" + headers + "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(!text.contains("hidden"), "\(text)")
            #expect(!text.hasPrefix("HTTP/1.1 200"), "\(text)")
        }
    }

    @Test(arguments: [
        "/test/../test", "/test/%2e%2e/test", "//test", "/test%2f", "/%74est", "/tes%zz", "/test/%2E", "*", "test",
    ])
    func pathsThatAreNotExactlyARouteAreNotFound(path: String) async throws {
        try await ListeningServer.with([(.test(), { _ in HTTPAnswer(json: "{}") })]) { server in
            let text = try await server.exchange("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            #expect(!text.hasPrefix("HTTP/1.1 200"), "\(text)")
        }
    }

    @Test func aParameterKeepsItsEncodedSlash() async throws {
        let route: (Route, HTTPListener.Handler) = (
            .test(.get, "/rooms/{alias}/state"), { HTTPAnswer(json: "\($0.parameters["alias"] ?? "")") }
        )
        try await ListeningServer.with([route]) { server in
            let response = try await server.send("GET", "/rooms/%23a%2Fb%3Ac/state")
            #expect(String(decoding: response.body, as: UTF8.self) == "#a/b:c")
        }
    }

    @Test func methodsThatAreNotThereAreNotAllowedAndBrowsersMayAsk() async throws {
        try await ListeningServer.with([(.test(), { _ in HTTPAnswer(json: "{}") })]) { server in
            #expect(try await server.send("POST", "/test", body: []).status == 405)
            #expect(try await server.send("GET", "/nothing").status == 404)
            let options = try await server.send("OPTIONS", "/test")
            #expect(options.status == 200)
            #expect(options.head.header("access-control-allow-origin") == "*")
        }
    }
}

/// The listener between workers lets nobody in who does not know the secret, or came through a router.
struct InternalListenerTests {
    @Test func onlyWorkersWithTheSecretAreServed() async throws {
        var options = HTTPListener.Options()
        options.isPublic = false
        options.clusterSecret = "the secret"
        let route: (Route, HTTPListener.Handler) = (.test(.get, "/internal/x"), { _ in HTTPAnswer(json: "{}") })
        try await ListeningServer.with([route], options: options) { server in
            let right = [(name: "Authorization", value: "Apus-Internal the secret")]
            #expect(try await server.send("GET", "/internal/x", headers: right).status == 200)
            #expect(try await server.send("GET", "/internal/x").status == 401)
            for wrong in ["Apus-Internal the secre", "Apus-Internal the secret ", "Bearer the secret", ""] {
                let headers = [(name: "Authorization", value: wrong)]
                let status = try await server.send("GET", "/internal/x", headers: headers).status
                // Spaces at a header's end are no part of its value.
                #expect(status == (wrong.hasSuffix("secret ") ? 200 : 401), "'\(wrong)'")
            }
            let routed = right + [(name: "X-Forwarded-For", value: "1.2.3.4")]
            #expect(try await server.send("GET", "/internal/x", headers: routed).status == 401)
        }
    }
}
