import HTTPServer
import NIOCore

extension HTTPAnswer {
    /// Sends the browser to `location` with a GET.
    static func redirect(
        to location: String, status: Int = 303, headers: [(name: String, value: String)] = []
    ) -> HTTPAnswer {
        HTTPAnswer(
            status: status, contentType: "text/html; charset=utf-8",
            headers: [("Location", location), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")]
                + headers,
            body: .bytes(ByteBuffer()))
    }
}
