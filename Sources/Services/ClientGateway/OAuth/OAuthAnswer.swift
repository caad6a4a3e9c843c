import CanonicalJSON
import HTTPServer
import MatrixHTTP
import NIOCore

/// JSON that nobody on the way may keep.
struct OAuthAnswer: EndpointAnswer {
    var status = 200
    let body: JSONObject

    var httpAnswer: HTTPAnswer {
        HTTPAnswer(
            status: status, headers: [("Cache-Control", "no-store")], body: .bytes(ByteBuffer(bytes: body.bytes())))
    }
}
