import OutboundHTTP
import TestSupport
import Testing

@Suite struct AddressPolicyTests {
    @Test(arguments: [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255",
        "2606:4700::1111", "2a00::1", "2001:4860:4860::8888", "3ffe::1",
        // Carriers of public addresses: v4-mapped, NAT64, 6to4.
        "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:0808:0808::1",
    ])
    func publicAddressesAreAllowed(text: String) throws {
        #expect(AddressPolicy.publicOnly.allows(try #require(IPAddress(text))))
    }

    @Test(arguments: [
        // IPv4: this network, private, CGNAT, loopback, link-local (metadata services), protocol assignments,
        // documentation, 6to4 relays, benchmarks, multicast, reserved, broadcast.
        "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.8", "192.0.2.1",
        "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        // IPv6: unspecified, loopback, v4-compatible, ULA, link-local, site-local, multicast, documentation, discard,
        // Teredo and other assignments, local NAT64.
        "::", "::1", "::127.0.0.1", "::8.8.8.8", "fc00::1", "fd12:3456::1", "fe80::1", "febf::1", "fec0::1", "ff02::1",
        "2001:db8::1", "3fff::1", "100::1", "2001::1", "2001:10::1", "64:ff9b:1::8.8.8.8", "5f00::1",
        // Carriers of addresses that are not public.
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:0", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
        "2002:7f00:0001::1", "2002:0a00:0001::1", "2002:c0a8:0101::",
    ])
    func otherAddressesAreDenied(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!AddressPolicy.publicOnly.allows(address))
        #expect(AddressPolicy.any.allows(address))
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "0x7f.0.0.1", "256.0.0.1", "127.1", "2130706433", "localhost", ":::", "1::2::3",
    ])
    func otherTextsAreNoAddresses(text: String) {
        #expect(IPAddress(text) == nil)
    }

    /// However an address is written in a URL, the socket is judged.
    @Test(arguments: [
        "127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "[::ffff:127.0.0.1]",
        "[::]", "0.0.0.0",
    ])
    func loopbackIsDeniedInEveryForm(host: String) async throws {
        try await withScriptedServer { _, responder in
            try await responder.respond()
        } body: { server in
            var configuration = HTTPClient.Configuration()
            configuration.addressPolicy = .publicOnly
            let client = HTTPClient(configuration: configuration)
            let request = HTTPRequest(method: "GET", url: "http://\(host):\(server.port)/")
            await #expect(throws: HTTPClientError.addressDenied) {
                try await client.execute(request, deadline: .now + .seconds(5))
            }
            #expect(server.connectionCount == 0)
        }
    }
}
