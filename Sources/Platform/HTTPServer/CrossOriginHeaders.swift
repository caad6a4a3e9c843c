import HTTPTypes

/// What browsers need to let a web client read answers (spec v1.19, client-server API, "Web Browser Clients").
enum CrossOriginHeaders {
    private static let fields: [(HTTPField.Name, String)] = [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS"),
        ("Access-Control-Allow-Headers", "X-Requested-With, Content-Type, Authorization, If-Match, If-None-Match"),
        ("Access-Control-Expose-Headers", "ETag"),
    ].compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }

    static func add(to headers: inout HTTPFields) {
        for (name, value) in fields { headers[name] = value }
    }
}
