extension BadInputTable {
    private static let upload = "POST \(v3)/keys/upload"
    private static let query = "POST \(v3)/keys/query"
    private static let claim = "POST \(v3)/keys/claim"
    private static let crossSigning = "POST \(v3)/keys/device_signing/upload"
    private static let signatures = "POST \(v3)/keys/signatures/upload"
    private static let dehydrated = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device"

    static let keys: [BadInput] =
        [upload, query, claim, crossSigning, signatures].flatMap { endpoint in
            let path = String(endpoint.dropFirst(5))
            return badBodies(endpoint, at: path) + unauthorised(endpoint, at: path)
        }
        + [
            (#"{"device_keys":7}"#, "M_BAD_JSON"), (#"{"device_keys":{}}"#, "M_MISSING_PARAM"),
            (#"{"device_keys":{"user_id":"{other}","device_id":"x"}}"#, "M_INVALID_PARAM"),
            (#"{"device_keys":{"user_id":"{me}","device_id":"none"}}"#, "M_INVALID_PARAM"),
            (#"{"one_time_keys":[]}"#, "M_BAD_JSON"), (#"{"one_time_keys":{"a:b":7}}"#, "M_BAD_JSON"),
            (#"{"one_time_keys":{"nocolon":"k"}}"#, "M_INVALID_PARAM"),
            (#"{"one_time_keys":{"a:b\u0000":"k"}}"#, "M_INVALID_PARAM"),
            (#"{"one_time_keys":{"a:b":{"key":1.5}}}"#, "M_BAD_JSON"),
            (#"{"fallback_keys":{"a:b":"k","a:c":"k"}}"#, "M_INVALID_PARAM"),
            (
                "{\"one_time_keys\":{" + (0...200).map { #""a:\#($0)":"k""# }.joined(separator: ",") + "}}",
                "M_INVALID_PARAM"
            ),
        ].map { BadInput(upload, at: "\(v3)/keys/upload", body: $0, 400, $1) }
        + [
            ("{}", "M_MISSING_PARAM"), (#"{"device_keys":[]}"#, "M_BAD_JSON"),
            (#"{"device_keys":{"nobody":[]}}"#, "M_INVALID_PARAM"), (#"{"device_keys":{"{me}":{}}}"#, "M_BAD_JSON"),
        ].map { BadInput(query, at: "\(v3)/keys/query", body: $0, 400, $1) }
        + [
            ("{}", "M_MISSING_PARAM"), (#"{"one_time_keys":[]}"#, "M_BAD_JSON"),
            (#"{"one_time_keys":{"nobody":{}}}"#, "M_INVALID_PARAM"),
            (#"{"one_time_keys":{"{me}":[]}}"#, "M_BAD_JSON"), (#"{"one_time_keys":{"{me}":{"D":7}}}"#, "M_BAD_JSON"),
            (#"{"one_time_keys":{"{me}":{"":"a"}}}"#, "M_INVALID_PARAM"),
        ].map { BadInput(claim, at: "\(v3)/keys/claim", body: $0, 400, $1) }
        + [
            ("{}", "M_MISSING_PARAM"), (#"{"master_key":7}"#, "M_BAD_JSON"), (#"{"master_key":{}}"#, "M_MISSING_PARAM"),
            (#"{"master_key":{"user_id":"{other}","usage":["master"],"keys":{}}}"#, "M_INVALID_PARAM"),
            (#"{"master_key":{"user_id":"{me}","usage":["self_signing"],"keys":{}}}"#, "M_INVALID_PARAM"),
            (#"{"master_key":{"user_id":"{me}","usage":["master"],"keys":{}}}"#, "M_INVALID_PARAM"),
            (#"{"master_key":{"user_id":"{me}","usage":["master"],"keys":{"ed25519:a":"b"}}}"#, "M_INVALID_PARAM"),
        ].map { BadInput(crossSigning, at: "\(v3)/keys/device_signing/upload", body: $0, 400, $1) }
        + [
            (#"{"nobody":{}}"#, "M_INVALID_PARAM"), (#"{"{me}":7}"#, "M_BAD_JSON"),
        ].map { BadInput(signatures, at: "\(v3)/keys/signatures/upload", body: $0, 400, $1) }
        + dehydratedDevices

    private static let dehydratedDevices: [BadInput] =
        badBodies("PUT \(dehydrated)", at: dehydrated) + unauthorised("PUT \(dehydrated)", at: dehydrated)
        + [
            ("{}", "M_MISSING_PARAM"), (#"{"device_id":"a\u0000"}"#, "M_INVALID_PARAM"),
            (#"{"device_id":"D"}"#, "M_MISSING_PARAM"),
            (#"{"device_id":"D","device_data":[],"device_keys":{}}"#, "M_BAD_JSON"),
            (
                #"{"device_id":"D","device_data":{},"device_keys":{"user_id":"{me}","device_id":"E"}}"#,
                "M_INVALID_PARAM"
            ),
        ].map { BadInput("PUT \(dehydrated)", at: dehydrated, body: $0, 400, $1) }
        + [
            BadInput("GET \(dehydrated)", at: dehydrated, 404, "M_NOT_FOUND"),
            BadInput("DELETE \(dehydrated)", at: dehydrated, 404, "M_NOT_FOUND"),
            BadInput(
                "GET \(dehydrated)/{deviceId}/events", at: "\(dehydrated)/D/events", 404, "M_NOT_FOUND"),
            BadInput(
                "POST \(dehydrated)/{deviceId}/events", at: "\(dehydrated)/D/events", body: "{}", 404, "M_NOT_FOUND"),
            BadInput(
                "POST \(dehydrated)/{deviceId}/events", at: "\(dehydrated)/D/events", body: #"{"next_batch":7}"#, 400,
                "M_BAD_JSON"),
        ] + unauthorised("GET \(dehydrated)", at: dehydrated)

    private static let version = #"{"algorithm":"a","auth_data":{}}"#
    private static let key =
        #"{"first_message_index":0,"forwarded_count":0,"is_verified":false,"session_data":{}}"#

    static let keyBackups: [BadInput] =
        badBodies("POST \(v3)/room_keys/version", at: "\(v3)/room_keys/version")
        + unauthorised("POST \(v3)/room_keys/version", at: "\(v3)/room_keys/version")
        + [
            ("{}", "M_MISSING_PARAM"), (#"{"algorithm":7}"#, "M_BAD_JSON"), (#"{"algorithm":"a"}"#, "M_MISSING_PARAM"),
            (#"{"algorithm":"a\u0000","auth_data":{}}"#, "M_INVALID_PARAM"),
        ].map { BadInput("POST \(v3)/room_keys/version", at: "\(v3)/room_keys/version", body: $0, 400, $1) }
        + [
            BadInput("GET \(v3)/room_keys/version", at: "\(v3)/room_keys/version", 404, "M_NOT_FOUND"),
            BadInput("GET \(v3)/room_keys/version/{version}", at: "\(v3)/room_keys/version/x", 404, "M_NOT_FOUND"),
            BadInput(
                "PUT \(v3)/room_keys/version/{version}", at: "\(v3)/room_keys/version/9", body: version, 404,
                "M_NOT_FOUND"),
            BadInput(
                "PUT \(v3)/room_keys/version/{version}", at: "\(v3)/room_keys/version/9", body: "{}", 400,
                "M_MISSING_PARAM"),
            BadInput("DELETE \(v3)/room_keys/version/{version}", at: "\(v3)/room_keys/version/9", 404, "M_NOT_FOUND"),
        ] + ["", "/{roomId}", "/{roomId}/{sessionId}"].flatMap(keyRows)

    /// What storing, reading and deleting keys have in common.
    private static func keyRows(_ place: String) -> [BadInput] {
        let (template, session) = ("\(v3)/room_keys/keys\(place)", place.hasSuffix("}/{sessionId}"))
        let path = template.replacing("{roomId}", with: "!r:x").replacing("{sessionId}", with: "s")
        let body =
            session ? key : place.isEmpty ? #"{"rooms":{"!r:x":{"sessions":{}}}}"# : #"{"sessions":{"s":\#(key)}}"#
        let wrong =
            session
            ? [
                ("{}", "M_MISSING_PARAM"), (#"{"first_message_index":"a"}"#, "M_BAD_JSON"),
                (key.replacing(":0", with: ":-1"), "M_INVALID_PARAM"),
            ]
            : place.isEmpty
                ? [
                    ("{}", "M_MISSING_PARAM"), (#"{"rooms":{"x":{}}}"#, "M_INVALID_PARAM"),
                    (#"{"rooms":{"!r:x":7}}"#, "M_BAD_JSON"),
                ] : [("{}", "M_MISSING_PARAM"), (#"{"sessions":{"s":7}}"#, "M_BAD_JSON")]
        return ["GET", "PUT", "DELETE"].flatMap { method in
            let endpoint = "\(method) \(template)"
            let body = method == "PUT" ? body : nil
            return [
                BadInput(endpoint, at: path, body: body, 400, "M_MISSING_PARAM"),
                BadInput(endpoint, at: "\(path)?version=x", body: body, 404, "M_NOT_FOUND"),
                BadInput(endpoint, at: "\(path)?version=1", body: body, 404, "M_NOT_FOUND"),
            ] + unauthorised(endpoint, at: "\(path)?version=1")
        } + badBodies("PUT \(template)", at: "\(path)?version=1")
            + wrong.map { BadInput("PUT \(template)", at: "\(path)?version=1", body: $0, 400, $1) }
    }
}
