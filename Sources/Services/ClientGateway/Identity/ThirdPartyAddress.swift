import Identifiers
import MatrixHTTP

/// An address by which people are known besides their user IDs, as identity servers write it.
struct ThirdPartyAddress: Sendable, Hashable {
    /// The most bytes of an address.
    static let bytesMax = 512

    let medium: String
    /// Email addresses in small letters (spec v1.19, appendices, "3PID Types").
    let address: String

    init(medium: String, address: String) {
        self.medium = medium
        self.address = EmailAddress(address)?.text ?? address
    }

    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM` for another medium than email or msisdn.
    init(_ body: BodyFields) throws {
        let medium = try body.requiredString("medium")
        let address = try body.requiredString("address")
        guard medium == "email" || medium == "msisdn" else {
            throw MatrixError.invalidParam("'medium' is email or msisdn.")
        }
        guard !address.isEmpty, address.utf8.count <= Self.bytesMax, !address.utf8.contains(0) else {
            throw MatrixError.invalidParam("'address' is not an address.")
        }
        self.init(medium: medium, address: address)
    }

    /// What identity servers hash.
    func lookupText(pepper: String) -> String { "\(address) \(medium) \(pepper)" }
}
