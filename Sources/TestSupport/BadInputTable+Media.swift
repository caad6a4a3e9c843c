/// Bad requests for the endpoints of the media worker.
extension BadInputTable {
    private static let v1 = "/_matrix/client/v1/media"
    private static let old = "/_matrix/media/v3"
    private static let file = "{serverName}/{mediaId}"
    private static let server = "test.example"

    package static let media: [BadInput] =
        uploads + creations + downloads + oldDownloads + thumbnails + previews + configs

    private static let uploads: [BadInput] =
        unauthorised("POST \(old)/upload", at: "\(old)/upload")
        + unauthorised("PUT \(old)/upload/\(file)", at: "\(old)/upload/\(server)/abc")
        + [
            BadInput(
                "POST \(old)/upload", at: "\(old)/upload?filename=\(String(repeating: "a", count: 1_025))", body: "x",
                400, "M_INVALID_PARAM"),
            BadInput("PUT \(old)/upload/\(file)", at: "\(old)/upload/\(server)/none", body: "x", 404, "M_NOT_FOUND"),
            BadInput("PUT \(old)/upload/\(file)", at: "\(old)/upload/a.example/b", body: "x", 404, "M_NOT_FOUND"),
            BadInput("PUT \(old)/upload/\(file)", at: "\(old)/upload/\(server)/a.b", body: "x", 400, "M_INVALID_PARAM"),
            BadInput("PUT \(old)/upload/\(file)", at: "\(old)/upload/a_b/abc", body: "x", 400, "M_INVALID_PARAM"),
        ]

    private static let creations: [BadInput] = unauthorised(
        "POST /_matrix/media/v1/create", at: "/_matrix/media/v1/create")

    /// What all that names a file refuses.
    private static func badFiles(_ endpoint: String, _ path: (String) -> String) -> [BadInput] {
        [("\(server)/none", 404, "M_NOT_FOUND"), ("elsewhere.example/abc", 404, "M_NOT_FOUND")].map {
            BadInput(endpoint, at: path($0), $1, $2)
        }
            + ["\(server)/a.b", "\(server)/%2e%2e%2f", "\(server)/a%00", "a_b/abc", "\(server):x/abc"].map {
                BadInput(endpoint, at: path($0), 400, "M_INVALID_PARAM")
            }
    }

    private static let downloads: [BadInput] =
        ["\(v1)/download/\(file)", "\(v1)/download/\(file)/{fileName}"].flatMap { route in
            let suffix = route.hasSuffix("{fileName}") ? "/name" : ""
            let path = { (file: String) in "\(v1)/download/\(file)\(suffix)" }
            return unauthorised("GET \(route)", at: path("\(server)/abc")) + badFiles("GET \(route)", path)
                + ["timeout_ms=x", "timeout_ms=-1", "allow_remote=perhaps"].map {
                    BadInput("GET \(route)", at: path("\(server)/abc") + "?\($0)", 400, "M_INVALID_PARAM")
                }
        }

    private static let oldDownloads: [BadInput] =
        ["\(old)/download/\(file)", "\(old)/download/\(file)/{fileName}"].flatMap { route in
            let suffix = route.hasSuffix("{fileName}") ? "/name" : ""
            return badFiles("GET \(route)") { "\(old)/download/\($0)\(suffix)" }.map {
                BadInput($0.endpoint, at: $0.path, token: .absent, $0.status, $0.errcode)
            }
        }

    private static let thumbnails: [BadInput] = ["\(v1)/thumbnail", "\(old)/thumbnail"].flatMap { base in
        let route = "GET \(base)/\(file)"
        let isOld = base.hasPrefix(old)
        let queries = [
            ("", "M_MISSING_PARAM"), ("width=1", "M_MISSING_PARAM"), ("height=1", "M_MISSING_PARAM"),
            ("width=x&height=1", "M_INVALID_PARAM"), ("width=1.5&height=1", "M_INVALID_PARAM"),
            ("width=0&height=1", "M_INVALID_PARAM"), ("width=1&height=-1", "M_INVALID_PARAM"),
            ("width=1&height=1&method=odd", "M_INVALID_PARAM"), ("width=1&height=1&animated=odd", "M_INVALID_PARAM"),
        ]
        let rows =
            badFiles(route) { "\(base)/\($0)?width=1&height=1" }
            + queries.map { BadInput(route, at: "\(base)/\(server)/abc?\($0)", 400, $1) }
        return isOld
            ? rows.map { BadInput(route, at: $0.path, token: .absent, $0.status, $0.errcode) }
            : rows + unauthorised(route, at: "\(base)/\(server)/abc?width=1&height=1")
    }

    private static let badLinks = [
        "", "none", "ftp://a.example/", "file:///etc/passwd", "http://", "http://user@a.example/", "//a.example/",
        "javascript:alert(1)", "http://a%0Ab/", "gopher://a/",
    ]
    private static let closedLinks = [
        "http://127.0.0.1:1/", "http://[::1]/", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/",
    ]

    private static let previews: [BadInput] = ["\(v1)/preview_url", "\(old)/preview_url"].flatMap { path in
        let route = "GET \(path)"
        let bad = badLinks.map { BadInput(route, at: "\(path)?url=\($0)", 400, "M_INVALID_PARAM") }
        // Whatever is refused looks like whatever does not answer.
        let closed = closedLinks.map { BadInput(route, at: "\(path)?url=\($0)", 502, "M_UNKNOWN") }
        let others = [
            BadInput(route, at: path, 400, "M_MISSING_PARAM"),
            BadInput(route, at: "\(path)?url=http://a.example/&ts=x", 400, "M_INVALID_PARAM"),
        ]
        return unauthorised(route, at: path) + bad + closed + others
    }

    private static let configs: [BadInput] = ["\(v1)/config", "\(old)/config"].flatMap {
        unauthorised("GET \($0)", at: $0)
    }
}
