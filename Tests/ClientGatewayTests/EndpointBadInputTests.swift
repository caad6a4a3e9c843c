import ClientGateway
import Identifiers
import MatrixHTTP
import Postgres
import TestSupport
import Testing

@Suite struct EndpointBadInputTests {
    @Test func everyEndpointIsInTheTable() async throws {
        try await TestDatabase.with { test in
            let endpoints = ClientEndpoints.all(try Gateway.parts(.init(), test.database, RecordingWriter()))
            let routes = Set(
                endpoints.map { endpoint in
                    let route = type(of: endpoint).route
                    return "\(route.method.rawValue) \(route.path)"
                })
            #expect(routes.count == endpoints.count, "a route is registered twice")
            let listed = Set(BadInputTable.rows.map(\.endpoint))
            #expect(routes.subtracting(listed).sorted() == [])
            #expect(listed.subtracting(routes).sorted() == [])
        }
    }

    @Test func badRequestsGetTheSpecificationsErrors() async throws {
        try await Gateway.with { gateway, _ in
            let me = try await gateway.register("anna")
            let other = try await gateway.register("bert")
            let stored = try await StoredRoom.create(in: gateway.database, by: me.user)
            let event = try await stored.send("m.room.message", by: me.user)
            for row in BadInputTable.rows where !row.needsWriter {
                let token: String? =
                    switch row.token {
                    case .valid: me.token
                    case .absent: nil
                    case .unknown: "apus_nonsense"
                    }
                func filled(_ text: String) -> String {
                    text.replacing("{room}", with: stored.room.rawValue)
                        .replacing("{event}", with: event.id.rawValue)
                        .replacing("{me}", with: me.user.rawValue).replacing("{other}", with: other.user.rawValue)
                }
                let method = String(row.endpoint.prefix { $0 != " " })
                let answer = try await gateway.call(method, filled(row.path), row.body.map(filled), token: token)
                #expect(answer.status == row.status, "\(row): \(answer.status) \(answer.body)")
                #expect(answer.errcode == row.errcode, "\(row): \(answer.status) \(answer.body)")
            }
        }
    }
}
