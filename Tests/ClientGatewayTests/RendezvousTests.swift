import CanonicalJSON
import ClientGateway
import Identifiers
import OutboundHTTP
import Postgres
import Storage
import Testing

/// Devices that meet to log one of them in, in both forms (MSC4108, MSC4388).
@Suite struct RendezvousTests {
    private static let text = "/_matrix/client/unstable/io.element.msc4388/rendezvous"
    private static let bytes = "/_matrix/client/unstable/org.matrix.msc4108/rendezvous"

    private func send(
        _ gateway: Gateway, _ method: String, _ path: String, _ body: String? = nil,
        _ headers: [(name: String, value: String)] = [("Content-Type", "text/plain")]
    ) async throws -> HTTPResponse {
        try await gateway.client.execute(
            HTTPRequest(
                method: method, url: "http://\(gateway.address)\(path)", headers: headers,
                body: body.map { Array($0.utf8) }), deadline: .now + .seconds(20))
    }

    private func errcode(_ response: HTTPResponse) throws -> String? {
        try JSONObject.parse(response.body)["errcode"]?.stringValue
    }

    @Test func bytesAreExchangedByWhatWasSeenLast() async throws {
        try await Gateway.with { gateway, _ in
            let made = try await send(gateway, "POST", Self.bytes, "from A")
            #expect(made.status == 201)
            #expect(made.head.header("cache-control")?.contains("no-store") ?? false)
            #expect(made.head.header("access-control-expose-headers") == "ETag")
            let url = try #require(try JSONObject.parse(made.body)["url"]?.stringValue)
            #expect(url.hasPrefix("https://test.example\(Self.bytes)/"))
            let path = String(url.dropFirst("https://test.example".count))
            let first = try #require(made.head.header("etag"))
            #expect(first.hasPrefix("\"") && made.head.header("expires")?.hasSuffix(" GMT") ?? false)

            let read = try await send(gateway, "GET", path)
            #expect(read.status == 200 && String(decoding: read.body, as: UTF8.self) == "from A")
            #expect(read.head.header("content-type") == "text/plain" && read.head.header("etag") == first)
            let same = try await send(gateway, "GET", path, nil, [("If-None-Match", first)])
            #expect(same.status == 304 && same.body.isEmpty && same.head.header("etag") == first)

            let written = try await send(
                gateway, "PUT", path, "from B", [("Content-Type", "text/plain; charset=utf-8"), ("If-Match", first)])
            #expect(written.status == 202)
            let second = try #require(written.head.header("etag"))
            #expect(second != first)
            let late = try await send(
                gateway, "PUT", path, "from C", [("Content-Type", "text/plain"), ("If-Match", first)])
            #expect(late.status == 412 && late.head.header("etag") == second)
            #expect(try JSONObject.parse(late.body)["org.matrix.msc4108.errcode"] == "M_CONCURRENT_WRITE")
            let news = try await send(gateway, "GET", path, nil, [("If-None-Match", first)])
            #expect(news.status == 200 && String(decoding: news.body, as: UTF8.self) == "from B")
            // The same bytes again are something else to have seen.
            let again = try await send(
                gateway, "PUT", path, "from B", [("Content-Type", "text/plain"), ("If-Match", "W/\(second)")])
            #expect(again.status == 202 && again.head.header("etag") != second)

            #expect(try await send(gateway, "DELETE", path).status == 204)
            #expect(try errcode(try await send(gateway, "GET", path)) == "M_NOT_FOUND")
        }
    }

    @Test func bytesComeAsPlainTextAndAreFew() async throws {
        try await Gateway.with { gateway, _ in
            let json = [(name: "Content-Type", value: "application/json")]
            #expect(try errcode(try await send(gateway, "POST", Self.bytes, "{}", json)) == "M_INVALID_PARAM")
            let most = String(repeating: "x", count: RendezvousStore.payloadBytesMax)
            #expect(try await send(gateway, "POST", Self.bytes, most).status == 201)
            let more = try await send(gateway, "POST", Self.bytes, most + "x")
            #expect(more.status == 413)
            #expect(try errcode(more) == "M_TOO_LARGE")
        }
    }

    @Test func textIsExchangedByItsToken() async throws {
        try await Gateway.with { gateway, _ in
            #expect(try await gateway.call("GET", Self.text).body == ["create_available": true])
            let made = try await gateway.call("POST", Self.text, json: ["data": "from A"])
            #expect(made.status == 200)
            let id = try #require(made.body["id"]?.stringValue)
            let first = try #require(made.body["sequence_token"])
            #expect((1...300_000).contains(made.body["expires_in_ms"]?.intValue ?? 0))
            let path = "\(Self.text)/\(id)"
            let read = try await gateway.call("GET", path)
            #expect(read.body["data"] == "from A" && read.body["sequence_token"] == first)
            let write: JSONObject = ["sequence_token": first, "data": "from B"]
            let written = try await gateway.call("PUT", path, json: write)
            let second = try #require(written.body["sequence_token"])
            #expect(second != first)
            // A repeat whose answer was lost; anything else comes too late.
            #expect(try await gateway.call("PUT", path, json: write).body["sequence_token"] == second)
            let late = try await gateway.call("PUT", path, json: ["sequence_token": first, "data": "from C"])
            #expect(late.status == 409 && late.errcode == "IO_ELEMENT_MSC4388_CONCURRENT_WRITE")
            #expect(try await gateway.call("GET", path).body["data"] == "from B")
            // A place of one form is none of the other.
            #expect(try errcode(try await send(gateway, "GET", "\(Self.bytes)/\(id)")) == "M_NOT_FOUND")
            let shown = try await send(gateway, "GET", path, nil, [("Sec-Fetch-Mode", "navigate")])
            #expect(try errcode(shown) == "M_FORBIDDEN")
            let fetched = try await send(
                gateway, "GET", path, nil, [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")])
            #expect(fetched.status == 200)
            #expect(try await gateway.call("DELETE", path).status == 200)
            #expect(try await gateway.call("DELETE", path).errcode == "M_NOT_FOUND")
        }
    }

    @Test func whereOnlyTheLoggedInMayBeginTheyMay() async throws {
        var options = Gateway.Options()
        options.rendezvousNeedsLogin = true
        try await Gateway.with(options) { gateway, _ in
            let anna = try await gateway.register("anna")
            #expect(try await gateway.call("GET", Self.text).body == ["create_available": false])
            #expect(try await gateway.call("POST", Self.text, json: ["data": ""]).errcode == "M_FORBIDDEN")
            #expect(try errcode(try await send(gateway, "POST", Self.bytes, "")) == "M_FORBIDDEN")
            #expect(try await gateway.call("GET", Self.text, token: anna.token).body == ["create_available": true])
            let made = try await gateway.call("POST", Self.text, json: ["data": ""], token: anna.token)
            let id = try #require(made.body["id"]?.stringValue)
            // Whoever scanned the code need not be.
            #expect(try await gateway.call("GET", "\(Self.text)/\(id)").status == 200)
        }
    }

    @Test func aPlaceLastsForMinutesAndThereAreOnlySoMany() async throws {
        try await Gateway.with { gateway, _ in
            let store = RendezvousStore(database: gateway.database)
            let now = Timestamp(milliseconds: 1_000)
            func session(until end: Int64) -> RendezvousSession {
                RendezvousSession(
                    payload: [1], revision: "r", modifiedAt: now, expiresAt: Timestamp(milliseconds: end))
            }
            #expect(try await store.insert(session(until: 2_000), as: "a", .text))
            #expect(try await store.fetch("a", .text, at: Timestamp(milliseconds: 1_999)) != nil)
            #expect(try await store.fetch("a", .text, at: Timestamp(milliseconds: 2_000)) == nil)
            let late = Timestamp(milliseconds: 2_000)
            #expect(try await store.write([2], over: "r", as: "s", to: "a", .text, at: late) == .unknown)
            try await gateway.database.query(
                """
                INSERT INTO rendezvous SELECT 'x' || n, 1, '', '', 0, 9000 FROM generate_series(2, $1) AS n
                """, Int64(RendezvousStore.sessionsMax))
            #expect(try await !store.insert(session(until: 9_000), as: "b", .text))
            // What is over counts no more, and goes.
            var later = session(until: 9_000)
            later.modifiedAt = late
            #expect(try await store.insert(later, as: "c", .text))
            #expect(try await gateway.database.query("SELECT FROM rendezvous WHERE rendezvous_id = 'a'").isEmpty)
        }
    }

    @Test(
        arguments: [
            (784_111_777_000, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400_000, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_107_542_399_000, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400_000, "Mon, 01 Mar 2100 00:00:00 GMT"), (1_795_651_200_000, "Thu, 26 Nov 2026 00:00:00 GMT"),
        ] as [(Int64, String)])
    func datesAreWrittenAsHeadersHaveThem(milliseconds: Int64, text: String) {
        #expect(HTTPDate.text(Timestamp(milliseconds: milliseconds)) == text)
    }
}
