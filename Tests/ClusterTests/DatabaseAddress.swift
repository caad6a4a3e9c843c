import Foundation
import Testing

/// The host and port inside a PostgreSQL URL.
enum DatabaseAddress {
    static func port(of url: String) throws -> UInt16 {
        let components = try #require(URLComponents(string: url))
        return UInt16(components.port ?? 5_432)
    }

    static func replacingPort(of url: String, with port: UInt16) -> String {
        guard var components = URLComponents(string: url) else { return url }
        components.host = "127.0.0.1"
        components.port = Int(port)
        return components.string ?? url
    }
}
