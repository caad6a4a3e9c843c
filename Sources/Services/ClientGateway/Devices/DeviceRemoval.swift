import Identifiers
import Logging
import Storage
import WorkerContracts

/// Deletes devices, and then their keys and what waits to be delivered to them.
struct DeviceRemoval: Sendable {
    let devices: DeviceStore
    let sender: CommandSender
    let logger: Logger

    func remove(_ removed: [DeviceID], of user: UserID) async throws {
        await dropRest(of: try await devices.delete(removed, of: user), of: user)
    }

    /// Logs `user` out of everything but the device `kept` and the browser whose token has `keptHash`.
    ///
    /// - Parameter isForGood: the account ends; also a dehydrated device goes.
    func removeAll(
        of user: UserID, except kept: DeviceID?, andBrowser keptHash: [UInt8]? = nil, isForGood: Bool = false
    ) async throws {
        await dropRest(
            of: try await devices.deleteAll(of: user, except: kept, andToken: keptHash, isForGood: isForGood),
            of: user)
    }

    /// The devices are gone whether or not this succeeds: what is left over costs space, and a new device of the same
    /// ID would get messages it cannot decrypt.
    private func dropRest(of removed: [DeviceID], of user: UserID) async {
        let most = WriterCommand.RemoveDevices.devicesMax
        for start in stride(from: 0, to: removed.count, by: most) {
            let part = Array(removed[start..<min(start + most, removed.count)])
            do {
                try await sender.execute(.removeDevices(.init(user: user, devices: part)), id: .random(), for: user)
            } catch {
                logger.warning("keys of deleted devices were left over", metadata: ["error": "\(error)"])
            }
        }
    }
}
