import CanonicalJSON
import HTTPServer
import MatrixHTTP
import Testing

@Suite struct MatrixErrorTests {
    private func body(_ error: MatrixError) throws -> JSONObject {
        guard case .bytes(let buffer) = error.answer.body else { throw CancellationError() }
        return try JSONObject.parse(buffer.readableBytesView)
    }

    private func header(_ name: String, _ error: MatrixError) -> String? {
        error.answer.headers.first { $0.name == name }?.value
    }

    private static let errors: [(error: MatrixError, status: Int, code: String)] = [
        (.forbidden("x"), 403, "M_FORBIDDEN"), (.notFound("x"), 404, "M_NOT_FOUND"), (.badJSON("x"), 400, "M_BAD_JSON"),
        (.notJSON("x"), 400, "M_NOT_JSON"), (.invalidParam("x"), 400, "M_INVALID_PARAM"),
        (.missingParam("x"), 400, "M_MISSING_PARAM"), (.userInUse("x"), 400, "M_USER_IN_USE"),
        (.tooLarge("x"), 413, "M_TOO_LARGE"), (.unrecognized("x"), 404, "M_UNRECOGNIZED"),
        (.unrecognized("x", status: 405), 405, "M_UNRECOGNIZED"),
    ]

    @Test func bodiesHaveTheCodeAndASentence() throws {
        for (error, status, code) in Self.errors {
            #expect(error.answer.status == status)
            #expect(error.answer.contentType == "application/json")
            #expect(try body(error) == ["errcode": .string(code), "error": "x"])
            #expect(header("Retry-After", error) == nil)
        }
    }

    @Test func tokensAreRefusedAsTheSpecSays() throws {
        #expect(MatrixError.missingToken.answer.status == 401)
        #expect(try body(.missingToken)["errcode"] == "M_MISSING_TOKEN")
        let gone = MatrixError.unknownToken(softLogout: false)
        #expect(gone.answer.status == 401)
        #expect(try body(gone)["errcode"] == "M_UNKNOWN_TOKEN")
        #expect(try body(gone)["soft_logout"] == nil)
        #expect(try body(.unknownToken(softLogout: true))["soft_logout"] == true)
    }

    /// Whole seconds, rounded up, at least one.
    private static let waits: [(Duration, seconds: String, milliseconds: Int64)] = [
        (.milliseconds(1), "1", 1), (.milliseconds(1_000), "1", 1_000), (.milliseconds(1_001), "2", 1_001),
        (.seconds(30), "30", 30_000), (.zero, "1", 0), (.microseconds(2_500_900), "3", 2_500),
    ]

    @Test func waitsAreInTheHeaderAndTheBody() throws {
        for (wait, seconds, milliseconds) in Self.waits {
            let limited = MatrixError.limitExceeded(retryAfter: wait)
            #expect(limited.answer.status == 429)
            #expect(header("Retry-After", limited) == seconds)
            #expect(try body(limited)["errcode"] == "M_LIMIT_EXCEEDED")
            #expect(try body(limited)["retry_after_ms"] == .int(milliseconds))
            let unavailable = MatrixError.unavailable("x", retryAfter: wait)
            #expect(unavailable.answer.status == 503)
            #expect(header("Retry-After", unavailable) == seconds)
            #expect(try body(unavailable)["retry_after_ms"] == nil)
        }
    }

    @Test func extraFieldsStandBesideTheCode() throws {
        let error = MatrixError(status: 401, errcode: nil, message: nil, fields: ["session": "s", "flows": []])
        #expect(try body(error) == ["session": "s", "flows": []])
    }
}
