import CanonicalJSON
import HTTPServer
import MatrixHTTP
import NIOCore
import Storage

// The earlier form, which clients use: bytes as they are, and HTTP's own words for what was seen last.

/// What these endpoints have in common.
enum ByteRendezvous {
    /// - Throws: `M_MISSING_PARAM`, `M_INVALID_PARAM` unless the body says that it is plain text.
    static func checkType(_ request: some RequestReading) throws {
        guard let type = request.raw.header("content-type") else {
            throw MatrixError.missingParam("'Content-Type' is missing.")
        }
        let essence = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard essence.utf8.elementsEqual("text/plain".utf8) else {
            throw MatrixError.invalidParam("'Content-Type' is text/plain.")
        }
    }

    /// The revision that a header names, out of its quotes; also one that a proxy has called weak.
    static func revision(_ request: some RequestReading, _ header: String) -> String? {
        guard var text = request.raw.header(header).map({ Substring($0) }) else { return nil }
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        return String(text.filter { $0 != "\"" })
    }

    static func headers(_ session: RendezvousSession) -> [(name: String, value: String)] {
        [
            ("ETag", "\"\(session.revision)\""), ("Expires", HTTPDate.text(session.expiresAt)),
            ("Last-Modified", HTTPDate.text(session.modifiedAt)), ("Cache-Control", "no-store, no-transform"),
            ("Pragma", "no-cache"), ("X-Content-Type-Options", "nosniff"),
        ]
    }

    static func answer(_ status: Int, _ session: RendezvousSession, _ payload: [UInt8] = []) -> HTTPAnswer {
        HTTPAnswer(
            status: status, contentType: "text/plain", headers: headers(session),
            body: .bytes(ByteBuffer(bytes: payload)))
    }

    static func overtaken(_ session: RendezvousSession) -> HTTPAnswer {
        var answer = MatrixError(
            status: 412, errcode: "M_UNKNOWN", message: "Something else has been written meanwhile.",
            fields: ["org.matrix.msc4108.errcode": "M_CONCURRENT_WRITE"]
        ).answer
        answer.headers += headers(session)
        return answer
    }
}
