import CanonicalJSON
import ClusterHarness
import Identifiers
import OutboundHTTP
import TestSupport
import Testing

extension ClusterSuite {
    @Suite struct BadInputTests {
        @Test(.timeLimit(.minutes(3))) func badRequestsGetTheSpecificationsErrorsThroughTheRouter() async throws {
            try await Cluster.with(ClusterShape(settings: ["registration.mode": "open"])) { cluster in
                let table = try await Table(in: cluster)
                var wrong: [String] = []
                for row in BadInputTable.rows + BadInputTable.sync {
                    let answer = try await table.send(row)
                    let body = try? JSONObject.parse(answer.body)
                    let errcode = body?["errcode"]?.stringValue
                    #expect(answer.status < 500, "\(row): \(answer.status)")
                    // What only operators may call is not there for the router.
                    let isHidden = row.path.hasPrefix("/_synapse/")
                    let (status, code) = isHidden ? (404, "M_UNRECOGNIZED") : (row.status, row.errcode)
                    if answer.status != status || errcode != code {
                        wrong.append("\(row): \(answer.status) \(errcode ?? "without a code")")
                    }
                }
                #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
                print(
                    "scenario=bad-input rows=\(BadInputTable.rows.count + BadInputTable.sync.count) wrong=\(wrong.count)"
                )
            }
        }
    }
}

/// Fills the table's rows in with real users, a room and an event.
private struct Table {
    let me: ChatClient
    let other: ChatClient
    let room: RoomID
    let event: EventID

    init(in cluster: Cluster) async throws {
        me = try await ChatClient.register("anna", password: "secret", on: cluster.router)
        other = try await ChatClient.register("bert", password: "secret", on: cluster.router)
        room = try await me.createRoom()
        event = try await me.send("x", to: room, transaction: "first")
    }

    func send(_ row: BadInput) async throws -> HTTPResponse {
        let token: String? =
            switch row.token {
            case .valid: me.session.token
            case .absent: nil
            case .unknown: "apus_nonsense"
            }
        return try await me.homeserver.answer(
            String(row.endpoint.prefix { $0 != " " }), filled(row.path), body: row.body.map { Array(filled($0).utf8) },
            token: token)
    }

    private func filled(_ text: String) -> String {
        text.replacing("{room}", with: room.rawValue).replacing("{event}", with: event.rawValue)
            .replacing("{me}", with: me.user.rawValue).replacing("{other}", with: other.user.rawValue)
            .replacing(TestDatabase.serverName, with: Cluster.serverName)
    }
}
