import OutboundHTTP
import TestSupport
import Testing

/// A name may mean another address with every question; what counts is where the socket goes.
@Suite struct ChangingNamesTests {
    private func client(_ networks: [String]) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.addressPolicy = .publicAnd(networks.compactMap { IPNetwork($0) })
        return HTTPClient(configuration: configuration)
    }

    private func request(_ port: Int, _ addresses: [String]) -> HTTPRequest {
        var request = HTTPRequest(method: "GET", url: "http://rebind.example:\(port)/")
        request.addresses = addresses
        return request
    }

    @Test func anAnswerThatChangesAfterACheckIsRefused() async throws {
        try await withScriptedServer { _, responder in
            try await responder.respond(headers: ["connection: close"], "x")
            throw ScriptedHTTPServer.CloseConnection()
        } body: { server in
            let client = client(["127.0.0.1/32"])
            let first = try await client.execute(request(server.port, ["127.0.0.1"]), deadline: .now + .seconds(5))
            #expect(first.status == 200)
            for addresses in [["127.0.0.2"], ["::1"], ["10.0.0.1"], ["::ffff:127.0.0.2"], ["127.0.0.3", "127.0.0.2"]] {
                await #expect(throws: HTTPClientError.addressDenied) {
                    try await client.execute(request(server.port, addresses), deadline: .now + .seconds(5))
                }
            }
            #expect(server.connectionCount == 1)
            // Of several addresses those that are allowed are tried.
            let mixed = request(server.port, ["127.0.0.2", "127.0.0.1"])
            #expect(try await client.execute(mixed, deadline: .now + .seconds(5)).status == 200)
        }
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "172.16.0.1", false),
        ("10.0.0.0/8", "::ffff:10.0.0.1", true),
        ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1/32", "127.0.0.2", false), ("fd00::/8", "fd12::1", true),
        ("fd00::/8", "fe80::1", false), ("0.0.0.0/0", "127.0.0.1", true),
    ])
    func networksOfTheOperatorsAreAllowed(network: String, address: String, isAllowed: Bool) throws {
        let policy = AddressPolicy.publicAnd([try #require(IPNetwork(network))])
        #expect(policy.allows(try #require(IPAddress(address))) == isAllowed)
        #expect(policy.allows(try #require(IPAddress("1.1.1.1"))))
    }

    @Test(arguments: ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "10.0.0.0/8/8", "::/129", "a/8"])
    func otherTextsAreNoNetworks(text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test(arguments: [
        ("http://a.example", "http://a.example/", "a.example", 80),
        ("HTTPS://A.Example:8443/x?y#z", "https://A.Example:8443/x?y", "a.example", 8_443),
        ("http://a.example/ü b", "http://a.example/%c3%bc%20b", "a.example", 80),
        ("http://[::1]:1/", "http://[::1]:1/", "[::1]", 1),
    ])
    func addressesAreTakenApart(text: String, whole: String, host: String, port: Int) throws {
        let url = try #require(WebURL(text))
        #expect(url.text.lowercased() == whole.lowercased())
        #expect(url.host == host && url.port == port)
    }

    @Test(arguments: [
        ("b", "http://a.example/x/b"), ("/b", "http://a.example/b"), ("?q", "http://a.example/x/y?q"),
        ("//b.example/c", "http://b.example/c"), ("https://b.example/", "https://b.example/"),
        ("../b", "http://a.example/b"), ("file:///etc/passwd", nil), ("javascript:x", nil), ("http://u:p@b/", nil),
    ])
    func referencesAreResolved(reference: String, whole: String?) throws {
        #expect(try #require(WebURL("http://a.example/x/y?z")).resolving(reference)?.text == whole)
    }
}
