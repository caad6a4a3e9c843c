import CanonicalJSON
import Collections
import Identifiers
import Storage

/// The keys of a user as their shard's writer holds them: what is committed, and what has been placed upon it.
struct UserKeyMemory: Sendable {
    /// The public keys by what they are for.
    var crossSigning: [CrossSigningUsage: String]
    /// Those that were asked for and exist.
    var devices: [DeviceID: DeviceKeyMemory] = [:]

    /// What has been handed out can be read again, now that it is committed.
    mutating func forgetClaimed() {
        for device in devices.keys { devices[device]?.claimed = [:] }
    }
}

/// The keys of one device.
struct DeviceKeyMemory: Sendable {
    var identity: JSONObject?
    private var oneTime: [ByteOrderedText: Deque<OneTimeKey>] = [:]
    private(set) var fallback: [ByteOrderedText: FallbackKey] = [:]
    /// What was handed out lately, which the database may not say yet.
    var claimed: [KeyID: [UInt8]] = [:]

    init(_ known: KnownDeviceKeys) {
        identity = known.identity
        for key in known.oneTime { oneTime[ByteOrderedText(key.id.algorithm), default: []].append(key) }
        for key in known.fallback { fallback[ByteOrderedText(key.id.algorithm)] = key }
    }

    /// How many keys wait to be handed out.
    var count: Int { oneTime.values.reduce(0) { $0 + $1.count } }

    /// How many wait, by algorithm.
    var counts: JSONObject {
        var counts = KeyStock.none.counts
        for (algorithm, keys) in oneTime { counts[algorithm.string] = .int(Int64(keys.count)) }
        return counts
    }

    /// The key of this ID that waits to be handed out.
    func waiting(_ id: KeyID) -> OneTimeKey? { oneTime[ByteOrderedText(id.algorithm)]?.first { $0.id == id } }

    mutating func add(_ key: OneTimeKey) { oneTime[ByteOrderedText(key.id.algorithm), default: []].append(key) }

    /// Hands out the oldest key.
    mutating func take(_ algorithm: String) -> OneTimeKey? {
        guard let key = oneTime[ByteOrderedText(algorithm)]?.popFirst() else { return nil }
        claimed[key.id] = key.json
        return key
    }

    /// Sets a fallback key; one that is the same as before stays used.
    ///
    /// - Returns: whether it is another.
    mutating func setFallback(_ id: KeyID, _ json: [UInt8]) -> Bool {
        let algorithm = ByteOrderedText(id.algorithm)
        if let old = fallback[algorithm], old.id == id, old.json == json { return false }
        fallback[algorithm] = FallbackKey(id: id, json: json, isUsed: false)
        return true
    }

    /// Hands out the fallback key, which stays.
    ///
    /// - Returns: the key, and whether this is its first use.
    mutating func useFallback(_ algorithm: String) -> (key: FallbackKey, isFirst: Bool)? {
        let algorithm = ByteOrderedText(algorithm)
        guard var key = fallback[algorithm] else { return nil }
        let isFirst = !key.isUsed
        key.isUsed = true
        fallback[algorithm] = key
        return (key, isFirst)
    }
}
