import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Storage

/// The caller's addresses: `GET /_matrix/client/v3/account/3pid` (spec v1.19, "Adding account administrative contact
/// information").
struct ListContacts: Endpoint {
    static let route = Route.client(.get, "/_matrix/client/v3/account/3pid")

    let addresses: ThirdPartyIDStore

    func respond(to request: UserRequest) async throws -> JSONObject {
        let list = try await addresses.list(of: request.caller)
        return [
            "threepids": .array(
                list.map { contact in
                    [
                        "medium": .string(contact.medium), "address": .string(contact.address),
                        "validated_at": .int(contact.validatedAt.milliseconds),
                        "added_at": .int(contact.addedAt.milliseconds),
                    ]
                })
        ]
    }
}
