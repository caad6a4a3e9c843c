import CanonicalJSON
import Identifiers
import MatrixHTTP
import Signing
import Storage

/// The cross-signing keys of a request, each checked for itself.
struct CrossSigningUpload {
    private struct Uploaded {
        let object: JSONObject
        let key: PublicSigningKey
    }

    private let user: UserID
    private let keys: [CrossSigningUsage: Uploaded]

    /// - Throws: `M_BAD_JSON`, `M_MISSING_PARAM`, `M_INVALID_PARAM` for a key of another user or another purpose.
    init(_ body: BodyFields, of user: UserID) throws {
        self.user = user
        var keys: [CrossSigningUsage: Uploaded] = [:]
        for usage in CrossSigningUsage.allCases {
            let name = "\(usage.rawValue)_key"
            guard let object = try body.object(name) else { continue }
            keys[usage] = Uploaded(object: object, key: try Self.key(object, usage, of: user, name))
        }
        guard !keys.isEmpty else { throw MatrixError.missingParam("There are no keys.") }
        self.keys = keys
    }

    private static func key(
        _ object: JSONObject, _ usage: CrossSigningUsage, of user: UserID, _ name: String
    ) throws -> PublicSigningKey {
        let fields = BodyFields(object)
        guard try fields.requiredString("user_id").utf8.elementsEqual(user.rawValue.utf8) else {
            throw MatrixError.invalidParam("'\(name)' is another user's.")
        }
        guard let usages = try fields.array("usage"), usages.contains(.string(usage.rawValue)) else {
            throw MatrixError.invalidParam("'\(name)' is for something else.")
        }
        guard let members = try fields.object("keys")?.members, members.count == 1, let member = members.first,
            let id = KeyID(member.key), let key = PublicSigningKey(id: id, value: member.value)
        else { throw MatrixError.invalidParam("'\(name)' has to have one Ed25519 key, under its own name.") }
        do { try object.requireCanonical() } catch {
            throw MatrixError.badJSON("What is signed has no fractions and no large numbers.")
        }
        return key
    }

    /// Checks that the master key has signed the others.
    ///
    /// - Throws: `M_MISSING_PARAM` when there is no master key, here or before; `M_INVALID_SIGNATURE`.
    func check(against existing: [CrossSigningUsage: CrossSigningKey]) throws {
        let master =
            try keys[.master]?.key
            ?? existing[.master].map { key in
                guard let known = PublicSigningKey(publicKey: key.publicKey) else {
                    throw MatrixError.invalidParam("The master key there is cannot be used.")
                }
                return known
            }
        guard let master else { throw MatrixError.missingParam("There is no master key.") }
        for (usage, uploaded) in keys where usage != .master {
            guard master.hasSigned(uploaded.object, as: user) else {
                throw MatrixError(
                    status: 400, errcode: "M_INVALID_SIGNATURE",
                    message: "The \(usage.rawValue) key is not signed by the master key.")
            }
        }
    }

    /// Whether all keys are those there are.
    func isThere(among existing: [CrossSigningUsage: CrossSigningKey]) -> Bool {
        keys.allSatisfy { usage, uploaded in
            existing[usage].map { $0.publicKey.utf8.elementsEqual(uploaded.key.publicKey.utf8) } ?? false
        }
    }

    var publicKeys: [String] { keys.values.map(\.key.publicKey) }

    /// As they are stored: with their owner's signatures only.
    var stored: [CrossSigningUsage: CrossSigningKey] {
        keys.mapValues { uploaded in
            var object = uploaded.object
            let own = object["signatures"]?[user.rawValue]
            object["signatures"] = own.map { .object([user.rawValue: $0]) }
            object["unsigned"] = nil
            return CrossSigningKey(publicKey: uploaded.key.publicKey, json: object.bytes())
        }
    }
}
