import CanonicalJSON
import Identifiers
import Storage
import WorkerContracts

// A one-time key is handed out once, whatever fails in between. The choice is made here, where a user's commands have one
// order, from what is committed and what has been placed upon it; the key goes in the same commit as the answer that has
// it, so that a repeat of the claim is told the same. What was handed out stays as a row: a late repeat of the upload
// would bring it back otherwise.
//
// What was read while a batch failed may be older than what was committed with it, so it is read again.

extension ShardWriter {
    /// Users whose keys are held; beyond, those that nothing is being done with are let go.
    static let keyUsersMax = 100

    // MARK: What is known

    /// The user's keys; of `devices` those that exist.
    private func keys(
        of user: UserID, _ devices: [DeviceID], _ pending: PendingCommand
    ) throws(Obstacle) -> UserKeyMemory {
        guard let memory = userKeys[user] else { throw .needs(.keys(user, devices)) }
        let missing = devices.filter { memory.devices[$0] == nil && !pending.facts.absentDevices.contains($0) }
        guard missing.isEmpty else { throw .needs(.keys(user, missing)) }
        return memory
    }

    /// Takes what was read of a user's keys.
    func take(
        _ crossSigning: [CrossSigningUsage: String], _ devices: [DeviceID: KnownDeviceKeys], asked: [DeviceID],
        of user: UserID, for command: PendingCommand
    ) {
        var memory = userKeys[user] ?? UserKeyMemory(crossSigning: crossSigning)
        for (device, known) in devices where memory.devices[device] == nil {
            memory.devices[device] = DeviceKeyMemory(known)
        }
        command.facts.absentDevices.formUnion(Set(asked).subtracting(devices.keys))
        userKeys[user] = memory
        guard userKeys.count > Self.keyUsersMax else { return }
        userKeys = userKeys.filter { $0.key == user || !isIdle($0.key) }
    }

    /// Whether nothing of the user's waits, or is on its way.
    private func isIdle(_ user: UserID) -> Bool {
        lanes[user.text] == nil && !open.keyUsers.contains(user) && !(inFlight?.keyUsers.contains(user) ?? false)
    }

    /// A batch is committed.
    func keysCommitted(_ batch: Batch) {
        // What is being read now may be from before the removal.
        if !batch.rows.keys.removals.isEmpty { keyEpoch += 1 }
        for user in batch.keyUsers where lanes[user.text] == nil && !open.keyUsers.contains(user) {
            userKeys[user]?.forgetClaimed()
        }
    }

    /// A batch has failed: what is held was built upon it.
    func forgetKeys() {
        userKeys = [:]
        keyEpoch += 1
    }

    private func add(
        _ pending: PendingCommand, _ rows: CommitRows, of user: UserID, _ memory: UserKeyMemory,
        answer: JSONObject? = nil
    ) {
        open.rows.keys.withdraw(rows.keys)
        userKeys[user] = memory
        add(pending, rows, answer: answer)
        open.touchKeys(of: user)
    }

    // MARK: Devices' keys

    /// Stores keys of a device; those that are there already are passed over, also those that were handed out.
    ///
    /// - Throws: `M_UNKNOWN_TOKEN` when the device is gone, `M_INVALID_PARAM` for another key of the ID of one that waits
    ///   and for too many, `M_FORBIDDEN` for a device that is called like a cross-signing key.
    func uploadKeys(_ command: WriterCommand.UploadKeys, _ pending: PendingCommand) throws(Obstacle) {
        var memory = try keys(of: command.user, [command.device], pending)
        guard var device = memory.devices[command.device] else {
            throw .refused(.init(status: 401, errcode: "M_UNKNOWN_TOKEN", message: "The device is logged out."))
        }
        let fresh = try freshKeys(command, device, pending)
        var rows = nextRows
        if let identity = command.identity, identity != device.identity {
            let name = command.device.rawValue.utf8
            guard !memory.crossSigning.values.contains(where: { $0.utf8.elementsEqual(name) }) else {
                throw .forbidden("The device is called like a cross-signing key.")
            }
            device.identity = identity
            rows.announce(command.user)
            rows.keys.identity.append(
                DeviceKeyRow(user: command.user, device: command.device, json: identity.bytes()))
        }
        var fallback: [FallbackKey] = []
        for (id, key) in command.fallback where device.setFallback(id, key.bytes()) {
            fallback.append(FallbackKey(id: id, json: key.bytes(), isUsed: false))
        }
        if !fresh.isEmpty || !fallback.isEmpty {
            let position = rows.enter(.oneTimeKeys, command.user)
            for (id, json) in fresh {
                let key = OneTimeKey(id: id, json: json, position: position)
                device.add(key)
                rows.keys.oneTime.append(
                    OneTimeKeyRow(user: command.user, device: command.device, key: key, isClaimed: false))
            }
            rows.keys.fallback += fallback.map {
                FallbackKeyRow(user: command.user, device: command.device, key: $0)
            }
            rows.keys.stocks.append(KeyStockRow(user: command.user, device: command.device, position: position))
        }
        memory.devices[command.device] = device
        let answer: JSONObject = ["one_time_key_counts": .object(device.counts)]
        add(pending, rows, of: command.user, memory, answer: answer)
    }

    /// The one-time keys that are new.
    private func freshKeys(
        _ command: WriterCommand.UploadKeys, _ device: DeviceKeyMemory, _ pending: PendingCommand
    ) throws(Obstacle) -> [(id: KeyID, json: [UInt8])] {
        var fresh: [(id: KeyID, json: [UInt8])] = []
        for (id, key) in command.oneTime {
            let json = key.bytes()
            guard let known = device.waiting(id) else {
                fresh.append((id, json))
                continue
            }
            guard known.json == json else {
                throw .badRequest("M_INVALID_PARAM", "There is another key \(id) that waits to be claimed.")
            }
        }
        guard !fresh.isEmpty else { return [] }
        guard let claimed = pending.facts.claimedKeys else {
            throw .needs(.claimedKeys(fresh.map(\.id), command.device, command.user))
        }
        fresh.removeAll { (device.claimed[$0.id] ?? claimed[$0.id]) == $0.json }
        guard device.count + fresh.count <= KnownKeys.oneTimeKeysMax else {
            throw .badRequest(
                "M_INVALID_PARAM", "At most \(KnownKeys.oneTimeKeysMax) keys of a device wait to be claimed.")
        }
        return fresh
    }

    /// Hands out a key of each device that has one.
    func claimKeys(_ command: WriterCommand.ClaimKeys, _ pending: PendingCommand) throws(Obstacle) {
        let user = command.user
        var memory = try keys(of: user, command.claims.map(\.device), pending)
        var rows = nextRows
        var (answer, changed) = (JSONObject(), [DeviceID]())
        for (id, algorithm) in command.claims {
            guard var device = memory.devices[id] else { continue }
            if let key = device.take(algorithm) {
                rows.keys.oneTime.append(OneTimeKeyRow(user: user, device: id, key: key, isClaimed: true))
                answer[id.rawValue] = [key.id.rawValue: Self.value(of: key.json)]
                changed.append(id)
            } else if let (key, isFirst) = device.useFallback(algorithm) {
                answer[id.rawValue] = [key.id.rawValue: Self.value(of: key.json)]
                if isFirst {
                    rows.keys.fallback.append(FallbackKeyRow(user: user, device: id, key: key))
                    changed.append(id)
                }
            }
            memory.devices[id] = device
        }
        if !changed.isEmpty {
            let position = rows.enter(.oneTimeKeys, user)
            rows.keys.stocks += changed.map { KeyStockRow(user: user, device: $0, position: position) }
        }
        add(pending, rows, of: user, memory, answer: answer)
    }

    private static func value(of json: [UInt8]) -> JSONValue {
        do { return try JSONValue.parse(json) } catch { preconditionFailure("keys are stored as JSON") }
    }

    /// Drops the keys of devices that are gone, and what waits for them.
    func removeDevices(_ command: WriterCommand.RemoveDevices, _ pending: PendingCommand) throws(Obstacle) {
        guard let identified = pending.facts.identifiedDevices else {
            throw .needs(.identifiedDevices(command.devices, command.user))
        }
        var memory = userKeys[command.user]
        var rows = nextRows
        let isListed = command.devices.contains { device in
            identified.contains(device) || memory?.devices[device]?.identity != nil
        }
        if isListed { rows.announce(command.user) }
        for device in command.devices {
            memory?.devices[device] = nil
            rows.toDeviceDeletions.append(
                ToDeviceDeletion(user: command.user, device: device, upTo: ShardSequence(.max)))
            rows.keys.removals.append(DeviceKeysRemoval(user: command.user, device: device))
        }
        open.rows.keys.withdraw(rows.keys)
        if let memory { userKeys[command.user] = memory }
        add(pending, rows)
        open.touchKeys(of: command.user)
    }

    func announceDevices(_ command: WriterCommand.AnnounceDevices, _ pending: PendingCommand) {
        var rows = nextRows
        rows.announce(command.user)
        add(pending, rows)
    }

    // MARK: Cross-signing

    /// - Throws: `M_CONFLICT` when the master key is not the one that the caller has seen.
    func setCrossSigningKeys(_ command: WriterCommand.SetCrossSigningKeys, _ pending: PendingCommand) throws(Obstacle) {
        let user = command.user
        var memory = try keys(of: user, [], pending)
        let master = memory.crossSigning[.master].map { ByteOrderedText($0) }
        guard master == command.replacing.map({ ByteOrderedText($0) }) else {
            throw .refused(.init(status: 409, errcode: "M_CONFLICT", message: "The master key was changed meanwhile."))
        }
        let isNew = command.keys[.master].map { ByteOrderedText($0.publicKey) != master } ?? false
        var rows = nextRows
        for usage in CrossSigningUsage.allCases {
            let (old, new) = (memory.crossSigning[usage], command.keys[usage])
            // What another master key has signed means nothing.
            guard new != nil || isNew && old != nil else { continue }
            if let old, new.map({ !$0.publicKey.utf8.elementsEqual(old.utf8) }) ?? true {
                rows.keys.revocations.append(KeyRevocation(user: user, target: old))
            }
            memory.crossSigning[usage] = new?.publicKey
            rows.keys.crossSigning.append(CrossSigningKeyRow(user: user, usage: usage, key: new))
        }
        rows.announce(user)
        add(pending, rows, of: user, memory)
    }

    /// Adds signatures; those of others' keys are the signer's own business.
    func addSignatures(_ command: WriterCommand.AddSignatures, _ pending: PendingCommand) {
        var rows = nextRows
        let ofOwn = command.signatures.filter { $0.user == command.signer }
        let ofOthers = command.signatures.filter { $0.user != command.signer }
        if !ofOwn.isEmpty {
            let position = rows.announce(command.signer)
            rows.keys.signatures += ofOwn.map { Self.row($0, by: command.signer, at: position) }
        }
        if !ofOthers.isEmpty {
            let position = rows.enter(.signatures, command.signer)
            rows.keys.signatures += ofOthers.map { Self.row($0, by: command.signer, at: position) }
        }
        add(pending, rows)
    }

    private static func row(
        _ signature: WriterCommand.AddSignatures.Signature, by signer: UserID, at position: ShardSequence
    ) -> KeySignatureRow {
        KeySignatureRow(
            user: signature.user, target: signature.target, signer: signer, signerKey: signature.key,
            signature: signature.signature, position: position)
    }
}
