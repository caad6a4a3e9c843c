import CanonicalJSON
import MatrixHTTP

/// What an event's parts may be at the edge (spec v1.19, "Size limits"); the room's writer checks the whole event again.
enum EventLimits {
    /// The most bytes of an event in canonical JSON.
    static let eventBytesMax = 65_536
    /// The most bytes of an event's type, state key and of any identifier in it.
    static let fieldBytesMax = 255

    /// - Throws: `M_INVALID_PARAM` for an empty, over-long or NUL-bearing event type.
    static func check(type: String) throws {
        guard !type.isEmpty, type.utf8.count <= fieldBytesMax, !type.utf8.contains(0) else {
            throw MatrixError.invalidParam("The event type must be 1 to \(fieldBytesMax) bytes without NUL.")
        }
    }

    /// - Throws: `M_INVALID_PARAM` for an over-long or NUL-bearing state key.
    static func check(stateKey: String) throws {
        guard stateKey.utf8.count <= fieldBytesMax, !stateKey.utf8.contains(0) else {
            throw MatrixError.invalidParam("The state key must be at most \(fieldBytesMax) bytes without NUL.")
        }
    }

    /// - Throws: `M_BAD_JSON` for a number canonical JSON does not have, `M_TOO_LARGE` over ``eventBytesMax``.
    static func check(content: JSONObject) throws {
        let size: Int
        do {
            size = try content.canonicalBytes().count
        } catch {
            throw MatrixError.badJSON("Numbers in an event are integers within ±(2^53 − 1).")
        }
        guard size <= eventBytesMax else { throw MatrixError.tooLarge("The event is over \(eventBytesMax) bytes.") }
    }
}
