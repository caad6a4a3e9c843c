import CanonicalJSON
import Identifiers
import Storage

// The commands about keys, field by field.

extension WriterCommand.UploadKeys {
    var fields: JSONObject {
        var object: JSONObject = [
            "user": .string(user.rawValue), "device": .string(device.rawValue),
            "one_time": .object(JSONObject(oneTime.map { ($0.id.rawValue, $0.key) })),
            "fallback": .object(JSONObject(fallback.map { ($0.id.rawValue, $0.key) })),
        ]
        object["identity"] = identity.map { .object($0) }
        return object
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(
            user: try reader.identifier("user"), device: try reader.identifier("device"),
            identity: try reader.optionalObject("identity"),
            oneTime: try Self.keys(try reader.object("one_time"), "one_time"),
            fallback: try Self.keys(try reader.object("fallback"), "fallback"))
    }

    private static func keys(_ object: JSONObject, _ field: String) throws(ContractError) -> [(KeyID, JSONValue)] {
        guard object.count <= keysMax else { throw .invalid(field: field) }
        var keys: [(KeyID, JSONValue)] = []
        for member in object.members { keys.append((try FieldReader.require(KeyID(member.key), field), member.value)) }
        return keys
    }
}

extension WriterCommand.ClaimKeys {
    var fields: JSONObject {
        let devices = claims.map { ($0.device.rawValue, JSONValue.string($0.algorithm)) }
        return ["user": .string(user.rawValue), "claims": .object(JSONObject(devices))]
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        let object = try reader.object("claims")
        guard object.count <= Self.claimsMax else { throw .invalid(field: "claims") }
        var claims: [(device: DeviceID, algorithm: String)] = []
        for member in object.members {
            claims.append(
                (
                    try FieldReader.require(DeviceID(member.key), "claims"),
                    try FieldReader.require(member.value.stringValue, "claims")
                ))
        }
        self.init(user: try reader.identifier("user"), claims: claims)
    }
}

extension WriterCommand.SetCrossSigningKeys {
    var fields: JSONObject {
        var object: JSONObject = ["user": .string(user.rawValue)]
        object["replacing"] = replacing.map { .string($0) }
        var all = JSONObject()
        for (usage, key) in keys {
            all[usage.rawValue] = ["public_key": .string(key.publicKey), "json": .string(Self.text(key.json))]
        }
        object["keys"] = .object(all)
        return object
    }

    private static func text(_ json: [UInt8]) -> String { String(decoding: json, as: UTF8.self) }

    init(_ reader: inout FieldReader) throws(ContractError) {
        var keys: [CrossSigningUsage: CrossSigningKey] = [:]
        for member in try reader.object("keys").members {
            let usage = try FieldReader.require(CrossSigningUsage(rawValue: member.key), "keys")
            var key = try FieldReader(member.value, field: "keys")
            keys[usage] = CrossSigningKey(
                publicKey: try key.string("public_key"), json: Array(try key.string("json").utf8))
            try key.finish()
        }
        self.init(
            user: try reader.identifier("user"), keys: keys, replacing: try reader.optionalString("replacing"))
    }
}

extension WriterCommand.AddSignatures {
    var fields: JSONObject {
        let list = signatures.map { signature -> JSONValue in
            [
                "user": .string(signature.user.rawValue), "target": .string(signature.target),
                "key": .string(signature.key.rawValue), "signature": .string(signature.signature),
            ]
        }
        return ["user": .string(signer.rawValue), "signatures": .array(list)]
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        var signatures: [Signature] = []
        for value in try reader.list("signatures", countMax: Self.signaturesMax) {
            var entry = try FieldReader(value, field: "signatures")
            signatures.append(
                Signature(
                    user: try entry.identifier("user"), target: try entry.string("target"),
                    key: try entry.identifier("key"), signature: try entry.string("signature")))
            try entry.finish()
        }
        self.init(signer: try reader.identifier("user"), signatures: signatures)
    }
}

extension WriterCommand.RemoveDevices {
    var fields: JSONObject {
        ["user": .string(user.rawValue), "devices": .array(devices.map { .string($0.rawValue) })]
    }

    init(_ reader: inout FieldReader) throws(ContractError) {
        var devices: [DeviceID] = []
        for value in try reader.list("devices", countMax: Self.devicesMax) {
            devices.append(try FieldReader.require(value.stringValue.flatMap { DeviceID($0) }, "devices"))
        }
        self.init(user: try reader.identifier("user"), devices: devices)
    }
}

extension WriterCommand.AnnounceDevices {
    var fields: JSONObject { ["user": .string(user.rawValue)] }

    init(_ reader: inout FieldReader) throws(ContractError) {
        self.init(user: try reader.identifier("user"))
    }
}
