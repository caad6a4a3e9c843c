import CanonicalJSON

/// Writes what an answer says of keys (spec v1.19, client-server API, "Device lists", "Key counts").
///
/// Nothing is known of anybody's keys: no device list changes, and no key is there.
enum EncryptionPart {
    static func writeMembers(to writer: inout JSONWriter) {
        writer.member("device_lists", ["changed": [], "left": []] as JSONObject)
        writer.member("device_one_time_keys_count", [:] as JSONObject)
    }
}
