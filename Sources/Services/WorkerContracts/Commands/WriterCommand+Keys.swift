import CanonicalJSON
import Identifiers
import Storage

// The commands about keys, of the user's shard.

extension WriterCommand {
    public struct UploadKeys: Sendable {
        /// The most keys of one command.
        public static let keysMax = 200
        public var user: UserID
        public var device: DeviceID
        /// Identity keys; `nil`: they stay as they are.
        public var identity: JSONObject?
        public var oneTime: [(id: KeyID, key: JSONValue)]
        public var fallback: [(id: KeyID, key: JSONValue)]

        public init(
            user: UserID, device: DeviceID, identity: JSONObject?, oneTime: [(id: KeyID, key: JSONValue)],
            fallback: [(id: KeyID, key: JSONValue)]
        ) {
            self.user = user
            self.device = device
            self.identity = identity
            self.oneTime = oneTime
            self.fallback = fallback
        }
    }

    public struct ClaimKeys: Sendable {
        /// The most keys of one command.
        public static let claimsMax = KnownKeys.devicesMax
        public var user: UserID
        /// Each device once.
        public var claims: [(device: DeviceID, algorithm: String)]

        public init(user: UserID, claims: [(device: DeviceID, algorithm: String)]) {
            self.user = user
            self.claims = claims
        }
    }

    public struct SetCrossSigningKeys: Sendable {
        public var user: UserID
        /// Those that are set; with another master key, those that are not set go.
        public var keys: [CrossSigningUsage: CrossSigningKey]
        /// The public key of the master key there was when this was allowed; `nil`: none.
        ///
        /// When it is another by now, the command is refused with `M_CONFLICT`.
        public var replacing: String?

        public init(user: UserID, keys: [CrossSigningUsage: CrossSigningKey], replacing: String?) {
            self.user = user
            self.keys = keys
            self.replacing = replacing
        }
    }

    public struct AddSignatures: Sendable {
        /// The most signatures of one command.
        public static let signaturesMax = 1_000

        public struct Signature: Sendable, Equatable {
            /// Whose key is signed.
            public var user: UserID
            /// A device's ID or a public key.
            public var target: String
            public var key: KeyID
            public var signature: String

            public init(user: UserID, target: String, key: KeyID, signature: String) {
                self.user = user
                self.target = target
                self.key = key
                self.signature = signature
            }
        }

        public var signer: UserID
        /// Checked.
        public var signatures: [Signature]

        public init(signer: UserID, signatures: [Signature]) {
            self.signer = signer
            self.signatures = signatures
        }
    }

    public struct RemoveDevices: Sendable {
        /// The most devices of one command.
        public static let devicesMax = 1_000
        public var user: UserID
        public var devices: [DeviceID]

        public init(user: UserID, devices: [DeviceID]) {
            self.user = user
            self.devices = devices
        }
    }

    public struct AnnounceDevices: Sendable {
        public var user: UserID

        public init(user: UserID) {
            self.user = user
        }
    }
}
