import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// A user's device without a client (MSC3814): it takes messages until a client becomes it.
struct DehydratedDevices: Sendable {
    let store: DehydratedDeviceStore
    let removal: DeviceRemoval
    let sender: CommandSender
    let clock: WallClock

    /// - Throws: `M_NOT_FOUND`.
    func device(of user: UserID) async throws -> (device: DeviceID, data: JSONObject) {
        guard let found = try await store.fetch(of: user) else {
            throw MatrixError.notFound("There is no dehydrated device.")
        }
        return found
    }

    /// Makes the device with its keys, in the place of the one before.
    ///
    /// - Throws: `M_INVALID_PARAM` for the ID of a device that somebody uses.
    func replace(
        with upload: WriterCommand.UploadKeys, data: JSONObject, displayName: String?
    ) async throws {
        let (user, device) = (upload.user, upload.device)
        guard try await store.makeDevice(device, displayName: displayName, of: user, at: clock.now()) else {
            throw MatrixError.invalidParam("You have a device of this ID.")
        }
        _ = try await sender.ask(.uploadKeys(upload), id: .random(), for: user)
        if let former = try await store.set(device, data: data, of: user) {
            try await removal.remove([former], of: user)
        }
    }
}
