import Media
import OutboundHTTP
import TestSupport
import Testing

@Suite struct MediaBadInputTests {
    @Test func everyEndpointIsInTheTable() {
        let routes = Set(MediaEndpoints.routes.map { "\($0.method.rawValue) \($0.path)" })
        #expect(routes.count == MediaEndpoints.routes.count, "a route is registered twice")
        let listed = Set(BadInputTable.media.map(\.endpoint))
        #expect(routes.subtracting(listed).sorted() == [])
        #expect(listed.subtracting(routes).sorted() == [])
    }

    @Test func badRequestsGetTheSpecificationsErrors() async throws {
        try await MediaWorld.with { world in
            let anna = try await world.person("anna")
            for row in BadInputTable.media {
                var headers: [(name: String, value: String)] = []
                switch row.token {
                case .valid: headers = [("Authorization", "Bearer \(anna.token)")]
                case .absent: break
                case .unknown: headers = [("Authorization", "Bearer apus_nonsense")]
                }
                let method = String(row.endpoint.prefix { $0 != " " })
                let answer = try await world.send(
                    method, row.path, body: row.body.map { Array($0.utf8) }, headers: headers)
                #expect(answer.status == row.status, "\(row): \(answer.status) \(answer.text)")
                #expect(answer.errcode == row.errcode, "\(row): \(answer.status) \(answer.text)")
            }
        }
    }
}
