import MatrixHTTP
import Postgres
import Testing

@Suite struct DatabaseUnavailableTests {
    @Test(arguments: [
        PostgresError.Kind.connectionLost("x"), .timedOut, .overloaded, .closed,
        .server(sqlState: "57P01", message: "shutting down"), .server(sqlState: "53300", message: "too many clients"),
        .server(sqlState: "08006", message: "gone"), .server(sqlState: "55P03", message: "locked"),
        .server(sqlState: "25006", message: "read-only"),
    ])
    func aDatabaseThatDoesNotAnswerIs503WithATime(_ kind: PostgresError.Kind) throws {
        let refusal = try #require(PostgresError(kind).unavailability)
        #expect(refusal.status == 503)
        #expect(refusal.retryAfter != nil)
    }

    @Test(arguments: [
        PostgresError.Kind.decoding("x"), .server(sqlState: "42601", message: "syntax"),
        .server(sqlState: "23505", message: "duplicate"),
    ])
    func mistakesOfOurOwnAreNone(_ kind: PostgresError.Kind) {
        #expect(PostgresError(kind).unavailability == nil)
    }
}
