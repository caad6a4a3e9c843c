import CanonicalJSON
import OutboundHTTP
import Storage

/// Sends notifications to push gateways (spec v1.19, push gateway API).
struct PushGateways: Sendable {
    /// The longest a gateway may take.
    static let answerMax = Duration.seconds(10)

    enum Outcome: Sendable, Equatable {
        case taken
        /// The gateway does not know the key any more.
        case rejected
        case failed(String)
    }

    let client: HTTPClient

    func send(_ notice: JSONObject, to pusher: Pusher) async -> Outcome {
        guard let url = pusher.data["url"]?.stringValue else { return .rejected }
        let request = HTTPRequest(
            method: "POST", url: url, headers: [("Content-Type", "application/json")], body: notice.bytes())
        do {
            let response = try await client.execute(request, deadline: .now + Self.answerMax)
            guard (200..<300).contains(response.status) else { return .failed("status \(response.status)") }
            return Self.judge(response, pusher)
        } catch {
            return .failed("\(error)")
        }
    }

    private static func judge(_ response: HTTPResponse, _ pusher: Pusher) -> Outcome {
        let rejected: [JSONValue]
        do {
            rejected = try JSONObject.parse(response.body)["rejected"]?.arrayValue ?? []
        } catch {
            // A gateway that says that it was fine and nothing else has it.
            rejected = []
        }
        return rejected.contains(.string(pusher.pushkey)) ? .rejected : .taken
    }
}
