import CanonicalJSON
import Identifiers
import MatrixHTTP

/// A device's identity keys, checked (spec v1.19, "Device keys").
struct DeviceIdentity {
    /// With the owner's signatures only: what others say of the device is not the device's to tell.
    let object: JSONObject

    /// - Throws: `M_INVALID_PARAM` for keys of another user or device, `M_BAD_JSON`.
    init(_ object: JSONObject, of user: UserID, device: DeviceID) throws {
        let fields = BodyFields(object)
        guard try fields.requiredString("user_id").utf8.elementsEqual(user.rawValue.utf8),
            try fields.requiredString("device_id").utf8.elementsEqual(device.rawValue.utf8)
        else { throw MatrixError.invalidParam("'device_keys' are of another device.") }
        guard try fields.array("algorithms") != nil, try fields.object("keys") != nil else {
            throw MatrixError.missingParam("'device_keys' lack 'algorithms' or 'keys'.")
        }
        do { try object.requireCanonical() } catch {
            throw MatrixError.badJSON("What is signed has no fractions and no large numbers.")
        }
        let own = try fields.object("signatures")?[user.rawValue]
        guard own?.objectValue != nil || own == nil else {
            throw MatrixError.badJSON("'signatures' is an object of objects.")
        }
        var kept = object
        kept["signatures"] = .object(JSONObject(own.map { [(user.rawValue, $0)] } ?? []))
        // What servers add.
        kept["unsigned"] = nil
        self.object = kept
    }
}
