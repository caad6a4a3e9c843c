import Identifiers
import Logging
import Storage
import WorkerContracts

/// Deletes devices, and then what waits to be delivered to them.
struct DeviceRemoval: Sendable {
    let devices: DeviceStore
    let sender: CommandSender
    let logger: Logger

    func remove(_ removed: [DeviceID], of user: UserID) async throws {
        await dropMessages(to: try await devices.delete(removed, of: user), of: user)
    }

    /// Logs `user` out of everything but the device `kept` and the browser whose token has `keptHash`.
    func removeAll(of user: UserID, except kept: DeviceID?, andBrowser keptHash: [UInt8]? = nil) async throws {
        await dropMessages(to: try await devices.deleteAll(of: user, except: kept, andToken: keptHash), of: user)
    }

    /// The devices are gone whether or not this succeeds: messages left over cost space, and a new device of the same
    /// ID would get messages it cannot decrypt.
    private func dropMessages(to removed: [DeviceID], of user: UserID) async {
        for device in removed {
            do {
                let everything = ShardSequence(.max)
                try await sender.execute(
                    .deleteToDevice(.init(user: user, device: device, upTo: everything)), id: .random(), for: user)
            } catch {
                logger.warning("messages to a deleted device were left over", metadata: ["error": "\(error)"])
            }
        }
    }
}
