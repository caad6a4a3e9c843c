import CanonicalJSON
import HTTPServer
import MatrixHTTP

/// Whom people turn to: `GET /.well-known/matrix/support` (spec v1.19, "Server Discovery").
struct GetSupport: Endpoint {
    static let route = Route.client(.get, "/.well-known/matrix/support", auth: .none)

    /// `nil` when nobody is named.
    let support: SupportInformation?

    /// - Throws: `M_NOT_FOUND` when nobody is named.
    func respond(to request: PublicRequest) async throws -> JSONObject {
        guard let support else { throw MatrixError.notFound("No contact is configured.") }
        var answer = JSONObject()
        if !support.contacts.isEmpty {
            answer["contacts"] = .array(
                support.contacts.map { contact in
                    var fields: JSONObject = ["role": .string(contact.role)]
                    fields["email_address"] = contact.email.map(JSONValue.string)
                    fields["matrix_id"] = contact.matrixID.map { .string($0.rawValue) }
                    return .object(fields)
                })
        }
        answer["support_page"] = support.page.map(JSONValue.string)
        return answer
    }
}
