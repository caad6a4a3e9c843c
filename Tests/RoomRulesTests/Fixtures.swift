import CanonicalJSON
import Foundation
import Testing

/// Files under `Fixtures/` of the repository; its README says where they come from.
enum Fixtures {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures")

    static func json(_ path: String) throws -> JSONValue {
        let data = try Data(contentsOf: folder.appending(path: path))
        return try JSONValue.parse([UInt8](data))
    }

    static func list(_ path: String) throws -> [JSONValue] { try #require(try json(path).arrayValue) }
}
