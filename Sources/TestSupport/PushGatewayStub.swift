import CanonicalJSON
import Synchronization

/// A push gateway that remembers what it was told, and answers as it is told to.
package final class PushGatewayStub: Sendable {
    package enum Answer: Sendable {
        case takes
        /// With status 500.
        case fails
        /// Not at all, for a minute.
        case hangs
        /// Takes it, and says that it does not know these keys any more; `nil`: whatever key it is.
        case rejects([String]?)
    }

    /// One notification as it came, whatever was answered.
    package struct Told: Sendable {
        /// The content of `notification`.
        package let notice: JSONObject
        package let at: ContinuousClock.Instant

        package var event: String? { notice["event_id"]?.stringValue }
        package var pushkey: String? { notice["devices"]?.arrayValue?.first?["pushkey"]?.stringValue }
    }

    private let state: Mutex<(answer: Answer, told: [Told])>
    private let address = Mutex("")

    private init(_ answer: Answer) { state = Mutex((answer, [])) }

    /// Where pushers send to.
    package var url: String { "\(address.withLock { $0 })/_matrix/push/v1/notify" }
    package var told: [Told] { state.withLock { $0.told } }
    package var notices: [JSONObject] { told.map(\.notice) }

    /// The events it was told of, as often as it was; `key`: for one device.
    package func events(_ key: String? = nil) -> [String] {
        told.filter { told in key.map { told.pushkey?.utf8.elementsEqual($0.utf8) ?? false } ?? true }
            .compactMap(\.event)
    }

    package func answer(_ answer: Answer) { state.withLock { $0.answer = answer } }

    /// Runs `body` beside gateways that answer so, at first.
    @discardableResult
    package static func with<Result: Sendable>(
        _ answers: [Answer], _ body: @Sendable ([PushGatewayStub]) async throws -> Result
    ) async throws -> Result {
        guard let first = answers.first else { return try await body([]) }
        let gateway = PushGatewayStub(first)
        return try await withScriptedServer { request, responder in
            try await gateway.serve(request, responder)
        } body: { server in
            gateway.address.withLock { $0 = server.url }
            return try await with(Array(answers.dropFirst())) { try await body([gateway] + $0) }
        }
    }

    private func serve(
        _ request: ScriptedHTTPServer.Request, _ responder: ScriptedHTTPServer.Responder
    ) async throws {
        let told = Told(
            notice: try JSONObject.parse(request.body)["notification"]?.objectValue ?? [:], at: .now)
        let answer = state.withLock { state in
            state.told.append(told)
            return state.answer
        }
        switch answer {
        case .takes: try await responder.respond("{\"rejected\":[]}")
        case .fails: try await responder.respond(status: 500, "no")
        case .hangs: try await Task.sleep(for: .seconds(60))
        case .rejects(let keys):
            let unknown = keys ?? [told.pushkey].compactMap { $0 }
            let body: JSONObject = ["rejected": .array(unknown.map { .string($0) })]
            try await responder.respond(String(decoding: body.bytes(), as: UTF8.self))
        }
    }
}
