import CanonicalJSON
import Identifiers
import MatrixHTTP
import RoomRules

/// Checks the content of state that a mistake in would be hard to take back.
struct StateContentRules: Sendable {
    let server: ServerName

    /// - Throws: `M_BAD_JSON` for a server ACL of the wrong form, `M_INVALID_PARAM` for one that bars this server: its
    ///   users could not even change it.
    func check(_ type: String, _ stateKey: String, _ content: JSONObject) throws {
        guard type.utf8.elementsEqual("m.room.server_acl".utf8), stateKey.isEmpty else { return }
        let fields = BodyFields(content)
        for key in ["allow", "deny"] {
            guard try fields.array(key)?.allSatisfy({ $0.stringValue != nil }) ?? true else {
                throw MatrixError.badJSON("'\(key)' must be an array of strings.")
            }
        }
        _ = try fields.bool("allow_ip_literals")
        guard ServerACL(content: content).allows(server) else {
            throw MatrixError.invalidParam("The list bars this server.")
        }
    }
}
