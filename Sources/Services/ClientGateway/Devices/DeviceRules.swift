import CanonicalJSON
import MatrixHTTP
import Storage

/// What a device's name may be, and its form in answers.
enum DeviceRules {
    /// The longest display name of a device, in bytes.
    static let displayNameBytesMax = 512

    /// - Throws: `M_INVALID_PARAM` for one over ``displayNameBytesMax``.
    static func check(displayName: String?) throws {
        guard (displayName?.utf8.count ?? 0) <= displayNameBytesMax else {
            throw MatrixError.invalidParam("A device's name is at most \(displayNameBytesMax) bytes.")
        }
    }

    static func json(_ device: Device) -> JSONObject {
        var json: JSONObject = ["device_id": .string(device.id.rawValue)]
        json["display_name"] = device.displayName.map(JSONValue.string)
        json["last_seen_ip"] = device.lastSeenIP.map(JSONValue.string)
        json["last_seen_ts"] = device.lastSeenAt.map { .int($0.milliseconds) }
        return json
    }
}
