import CanonicalJSON
import Identifiers
import MatrixHTTP
import WorkerContracts

/// The one-time and fallback keys of a request, checked for their form.
struct UploadedKeys {
    let oneTime: [(id: KeyID, key: JSONValue)]
    /// One an algorithm.
    let fallback: [(id: KeyID, key: JSONValue)]

    /// - Throws: `M_INVALID_PARAM`, `M_BAD_JSON`.
    init(_ body: BodyFields) throws {
        oneTime = try Self.keys("one_time_keys", body)
        fallback = try Self.keys("fallback_keys", body)
        guard Set(fallback.map { ByteOrderedText($0.id.algorithm) }).count == fallback.count else {
            throw MatrixError.invalidParam("There is one fallback key an algorithm.")
        }
    }

    private static func keys(_ name: String, _ body: BodyFields) throws -> [(id: KeyID, key: JSONValue)] {
        let members = try body.object(name)?.members ?? []
        let most = WriterCommand.UploadKeys.keysMax
        guard members.count <= most else { throw MatrixError.invalidParam("'\(name)' has more than \(most) keys.") }
        return try members.map { member in
            guard let id = KeyID(member.key) else {
                throw MatrixError.invalidParam("'\(name)' has something that is no key ID.")
            }
            guard member.value.objectValue != nil || member.value.stringValue != nil else {
                throw MatrixError.badJSON("A key is an object or a string.")
            }
            do { try member.value.requireCanonical() } catch {
                throw MatrixError.badJSON("What is signed has no fractions and no large numbers.")
            }
            return (id, member.value)
        }
    }
}
