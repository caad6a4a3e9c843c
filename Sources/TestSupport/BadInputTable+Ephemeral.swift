/// Bad requests about what is no event: to-device messages, typing, presence, receipts and filters.
extension BadInputTable {
    private static let toDevice = "PUT \(v3)/sendToDevice/{eventType}/{txnId}"
    private static let typing = "PUT \(v3)/rooms/{roomId}/typing/{userId}"
    private static let presence = "PUT \(v3)/presence/{userId}/status"
    private static let receipt = "POST \(v3)/rooms/{roomId}/receipt/{receiptType}/{eventId}"
    private static let markers = "POST \(v3)/rooms/{roomId}/read_markers"
    private static let newFilter = "POST \(v3)/user/{userId}/filter"
    private static let oldFilter = "GET \(v3)/user/{userId}/filter/{filterId}"

    static let others: [BadInput] =
        badBodies(toDevice, at: "\(v3)/sendToDevice/m.x/1") + badBodies(typing, at: "\(v3)/rooms/{room}/typing/{me}")
        + badBodies(presence, at: "\(v3)/presence/{me}/status")
        + badBodies(markers, at: "\(v3)/rooms/{room}/read_markers") + badBodies(newFilter, at: "\(v3)/user/{me}/filter")
        + [
            BadInput(toDevice, at: "\(v3)/sendToDevice/m.x/1", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(toDevice, at: "\(v3)/sendToDevice/m.x/1", body: #"{"messages":[]}"#, 400, "M_BAD_JSON"),
            BadInput(toDevice, at: "\(v3)/sendToDevice/m.x/1", body: #"{"messages":{"x":{}}}"#, 400, "M_INVALID_PARAM"),
            BadInput(
                toDevice, at: "\(v3)/sendToDevice/m.x/1", body: #"{"messages":{"{other}":{"*":7}}}"#, 400,
                "M_BAD_JSON"),
            BadInput(typing, at: "\(v3)/rooms/{room}/typing/{other}", body: #"{"typing":true}"#, 403, "M_FORBIDDEN"),
            BadInput(typing, at: "\(v3)/rooms/{room}/typing/{me}", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(typing, at: "\(v3)/rooms/{room}/typing/{me}", body: #"{"typing":"yes"}"#, 400, "M_BAD_JSON"),
            BadInput(typing, at: "\(v3)/rooms/!none/typing/{me}", body: #"{"typing":true}"#, 403, "M_FORBIDDEN"),
            BadInput(presence, at: "\(v3)/presence/{me}/status", body: "{}", 400, "M_MISSING_PARAM"),
            BadInput(presence, at: "\(v3)/presence/{me}/status", body: #"{"presence":"here"}"#, 400, "M_INVALID_PARAM"),
            BadInput(
                presence, at: "\(v3)/presence/{other}/status", body: #"{"presence":"online"}"#, 403, "M_FORBIDDEN"),
            BadInput(
                presence, at: "\(v3)/presence/{me}/status",
                body: #"{"presence":"online","status_msg":"\#(String(repeating: "x", count: 1_025))"}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(receipt, at: "\(v3)/rooms/{room}/receipt/odd/{event}", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(receipt, at: "\(v3)/rooms/{room}/receipt/m.read/none", body: "{}", 400, "M_INVALID_PARAM"),
            BadInput(
                receipt, at: "\(v3)/rooms/{room}/receipt/m.read/{event}", body: #"{"thread_id":""}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(
                receipt, at: "\(v3)/rooms/{room}/receipt/m.read/{event}", body: #"{"thread_id":"$other"}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(receipt, at: "\(v3)/rooms/{room}/receipt/m.read/$none", body: "{}", 404, "M_NOT_FOUND"),
            BadInput(receipt, at: "\(v3)/rooms/!none/receipt/m.read/{event}", body: "{}", 403, "M_FORBIDDEN"),
            BadInput(markers, at: "\(v3)/rooms/{room}/read_markers", body: #"{"m.read":7}"#, 400, "M_BAD_JSON"),
            BadInput(
                markers, at: "\(v3)/rooms/{room}/read_markers", body: #"{"m.fully_read":"$none"}"#, 404, "M_NOT_FOUND"),
            BadInput(markers, at: "\(v3)/rooms/!none/read_markers", body: "{}", 403, "M_FORBIDDEN"),
            BadInput(newFilter, at: "\(v3)/user/{other}/filter", body: "{}", 403, "M_FORBIDDEN"),
            BadInput(newFilter, at: "\(v3)/user/{me}/filter", body: #"{"room":[]}"#, 400, "M_BAD_JSON"),
            BadInput(
                newFilter, at: "\(v3)/user/{me}/filter", body: #"{"presence":{"senders":["x"]}}"#, 400,
                "M_INVALID_PARAM"),
            BadInput(oldFilter, at: "\(v3)/user/{me}/filter/x", 404, "M_NOT_FOUND"),
            BadInput(oldFilter, at: "\(v3)/user/{other}/filter/1", 403, "M_FORBIDDEN"),
        ]
}
