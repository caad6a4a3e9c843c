import CanonicalJSON
import Identifiers

/// Signatures of requests between servers (spec v1.19, server-server API, "Request Authentication").
public enum RequestSigning {
    /// What the signature of a request covers.
    ///
    /// - Parameters:
    ///   - uri: path and query, as they are sent.
    ///   - content: the body; `nil` for a request without one.
    public static func covered(
        _ method: String, _ uri: String, content: JSONObject?, from origin: ServerName, to destination: ServerName
    ) -> JSONObject {
        var object: JSONObject = [
            "method": .string(method), "uri": .string(uri), "origin": .string(origin.rawValue),
            "destination": .string(destination.rawValue),
        ]
        object["content"] = content.map { .object($0) }
        return object
    }

    /// The value of `Authorization` of a request that `origin` makes.
    public static func authorization(
        _ method: String, _ uri: String, content: JSONObject?, from origin: ServerName, to destination: ServerName,
        with key: SigningKey
    ) -> String {
        let covered = covered(method, uri, content: content, from: origin, to: destination)
        let signature = UnpaddedBase64.encode(key.sign(JSONSigning.signedBytes(of: covered)))
        return "X-Matrix origin=\"\(origin)\",destination=\"\(destination)\",key=\"\(key.keyID)\",sig=\"\(signature)\""
    }
}
