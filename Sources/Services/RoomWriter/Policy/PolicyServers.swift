import CanonicalJSON
import Identifiers
import Logging
import Metrics
import OutboundHTTP
import RoomRules
import Signing
import Storage
import Synchronization
import WorkerContracts

// The room that asks waits, and nothing else does: the call is made beside the shard's writer, before the event is placed
// and outside of any transaction. A server that does not answer is not asked again for a while, so that its room refuses
// at once instead of letting everybody in it wait.

/// Asks rooms' policy servers to sign events (spec v1.19, server-server API, "Policy Servers").
final class PolicyServers: Sendable {
    /// The longest one question may take, finding the server included.
    static let callMax = Duration.seconds(8)
    /// How long a server that could not be reached is left alone.
    static let silence = Duration.seconds(10)
    /// Servers remembered as not answering; beyond, all are asked again.
    static let silentMax = 1_000
    /// The longest answer, in bytes.
    static let answerBytesMax = 64 << 10
    private static let path = "/_matrix/policy/v1/sign"

    private let environment: RoomEnvironment
    private let facts: RoomFacts
    private let client: HTTPClient
    private let addresses: ServerAddresses
    private let logger: Logger
    private let silent = Mutex<[ServerName: ContinuousClock.Instant]>([:])
    private let taken = Timer(label: "apus_policy_server_seconds")
    private let refused = Counter(label: "apus_policy_server_refusals_total")

    init(
        environment: RoomEnvironment, facts: RoomFacts, client: HTTPClient, addresses: ServerAddresses, logger: Logger
    ) {
        self.environment = environment
        self.facts = facts
        self.client = client
        self.addresses = addresses
        self.logger = logger
    }

    /// What the room's policy server says of an event.
    func verdict(on question: PolicyQuestion) async throws -> PolicyVerdict {
        guard try await facts.hasMember(of: question.policy.server, in: question.room) else { return .notAsked }
        let server = question.policy.server
        if let until = silent.withLock({ $0[server] }), until > .now { return Self.unreachable }
        let began = ContinuousClock.now
        do {
            let response = try await ask(question, until: began + Self.callMax)
            taken.record(duration: .now - began)
            let verdict = Self.read(response, question)
            if case .refused = verdict { refused.increment() }
            return verdict
        } catch HTTPClientError.overloaded {
            return Self.unreachable
        } catch let error as HTTPClientError {
            logger.notice("policy server not reached", metadata: ["server": "\(server)", "error": "\(error)"])
            silent.withLock { silent in
                if silent.count >= Self.silentMax { silent = [:] }
                silent[server] = .now + Self.silence
            }
            return Self.unreachable
        }
    }

    private func ask(_ question: PolicyQuestion, until deadline: ContinuousClock.Instant) async throws -> HTTPResponse {
        let server = question.policy.server
        let address = try await addresses.address(of: server, deadline: deadline)
        let authorization = RequestSigning.authorization(
            "POST", Self.path, content: question.event.json, from: environment.server, to: server,
            with: environment.key)
        return try await client.execute(
            HTTPRequest(
                method: "POST", url: address.url + Self.path,
                headers: [
                    ("Host", address.host), ("Content-Type", "application/json"), ("Authorization", authorization),
                ], body: question.event.json.bytes(), responseBytesMax: Self.answerBytesMax),
            deadline: deadline)
    }

    private static func read(_ response: HTTPResponse, _ question: PolicyQuestion) -> PolicyVerdict {
        // What is no JSON says nothing.
        let body = (try? JSONObject.parse(response.body)) ?? JSONObject()
        guard response.status == 200 else { return .refused(refusal(response.status, body)) }
        let policy = question.policy
        guard let signature = body[policy.server.rawValue]?[RoomPolicy.keyID]?.stringValue,
            policy.hasSigned(policy.adding(signature, to: question.event.json), rules: question.rules)
        else {
            return .refused(forbidden("The room's policy server did not sign the event."))
        }
        return .signed(signature)
    }

    /// The server's own words; a code that means something to the sender's session is not its to give.
    private static func refusal(_ status: Int, _ body: JSONObject) -> WriterReply.Refusal {
        let message = body["error"]?.stringValue ?? "The room's policy server refused the event."
        guard let code = body["errcode"]?.stringValue, (400...499).contains(status),
            ["M_FORBIDDEN", "M_BAD_JSON", "M_NOT_JSON", "M_TOO_LARGE", "M_LIMIT_EXCEEDED"].contains(where: {
                $0.utf8.elementsEqual(code.utf8)
            })
        else { return forbidden(message) }
        return WriterReply.Refusal(status: status == 401 ? 403 : status, errcode: code, message: message)
    }

    private static func forbidden(_ message: String) -> WriterReply.Refusal {
        WriterReply.Refusal(status: 403, errcode: "M_FORBIDDEN", message: message)
    }

    private static let unreachable = PolicyVerdict.refused(
        forbidden("The room's policy server cannot be reached; try again later."))
}
