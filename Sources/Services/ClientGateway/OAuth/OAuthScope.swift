import Identifiers

/// What a client asks for: all of the client-server API, as one device (spec v1.19, "Scope").
struct OAuthScope: Sendable {
    private static let api = ["urn:matrix:client:api:*", "urn:matrix:org.matrix.msc2967.client:api:*"]
    private static let device = ["urn:matrix:client:device:", "urn:matrix:org.matrix.msc2967.client:device:"]
    static let bytesMax = 1_024

    let device: DeviceID
    /// Those of the asked tokens that are granted, separated by spaces.
    let text: String

    /// - Throws: ``OAuthError`` unless it has the API and exactly one device of unreserved characters.
    init(_ asked: String) throws {
        let tokens = asked.utf8.count <= Self.bytesMax ? asked.split(separator: " ").map(String.init) : []
        let apis = tokens.filter { Self.api.contains($0) }
        let devices = tokens.filter { token in Self.device.contains { token.hasPrefix($0) } }
        let names = Set(
            devices.map { token in String(token.utf8.split(separator: UInt8(ascii: ":")).last.map(Substring.init) ?? "")
            })
        guard !apis.isEmpty, names.count == 1, let name = names.first, name.utf8.allSatisfy(Self.isUnreserved),
            let device = DeviceID(name)
        else { throw OAuthError(.invalidScope, "The scope has to have the client API and exactly one device.") }
        self.device = device
        text = (apis + devices).joined(separator: " ")
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-._~".utf8.contains(byte)
        }
    }
}
