import CanonicalJSON
import Identifiers
import ReplicationLog
import Storage

/// Whose devices a client has to look up anew, and whose it may forget.
struct DeviceLists: Sendable, Equatable {
    var changed: Set<UserID> = []
    var left: Set<UserID> = []

    var isEmpty: Bool { changed.isEmpty && left.isEmpty }
}

/// What an answer says of keys.
struct EncryptionNews: Sendable {
    var lists = DeviceLists()
    var stock = KeyStock.none
    /// Whether the device's keys were added or handed out since.
    var hasStockChanged = false

    var isSilent: Bool { lists.isEmpty && !hasStockChanged }
}

/// Writes what an answer says of keys (spec v1.19, client-server API, "Extensions to /sync").
enum EncryptionPart {
    static func writeMembers(_ news: EncryptionNews, to writer: inout JSONWriter) {
        func users(_ users: Set<UserID>) -> JSONValue { .array(users.sorted().map { .string($0.rawValue) }) }
        writer.member(
            "device_lists", ["changed": users(news.lists.changed), "left": users(news.lists.left)] as JSONObject)
        writer.member("device_one_time_keys_count", news.stock.counts)
        writer.member("device_unused_fallback_key_types", .array(news.stock.unusedFallback))
    }
}
