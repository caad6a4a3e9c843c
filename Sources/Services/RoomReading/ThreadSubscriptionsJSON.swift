import CanonicalJSON
import Storage

/// What a user last said of threads, as every answer with some has it (MSC4308).
public enum ThreadSubscriptionsJSON {
    /// `subscribed` and `unsubscribed`, by room and thread; a part without any is left out.
    public static func members(of subscriptions: [ThreadSubscription]) -> JSONObject {
        var answer = JSONObject()
        for subscription in subscriptions {
            let isSubscribed = subscription.state != .unsubscribed
            let part = isSubscribed ? "subscribed" : "unsubscribed"
            var entry: JSONObject = ["bump_stamp": .int(subscription.position.value)]
            if isSubscribed { entry["automatic"] = .bool(subscription.state == .automatic) }
            var rooms = answer[part]?.objectValue ?? JSONObject()
            var threads = rooms[subscription.room.rawValue]?.objectValue ?? JSONObject()
            threads[subscription.root.rawValue] = .object(entry)
            rooms[subscription.room.rawValue] = .object(threads)
            answer[part] = .object(rooms)
        }
        return answer
    }
}
