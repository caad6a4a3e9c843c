import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

/// Sets or removes a pusher of the caller's: `POST /_matrix/client/v3/pushers/set` (spec v1.19, "Push notifications").
struct SetPusher: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/pushers/set", cost: .write)

    let pushers: PusherStore
    let addresses: ThirdPartyIDStore
    let sendsMail: Bool
    let clock: WallClock

    /// Others' pushers of the same app and key go unless `append` is set: the device has another owner now.
    ///
    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM`; `M_THREEPID_NOT_FOUND` for mails to an address that is not
    ///   the caller's.
    func respond(to request: UserRequest) async throws -> EmptyObject {
        let body = BodyFields(try request.jsonBody())
        let key = try PusherKey(body)
        guard body.object["kind"] != nil else { throw MatrixError.missingParam("'kind' is missing.") }
        guard let kind = try body.string("kind") else {
            try await pushers.remove(appID: key.appID, pushkey: key.pushkey, of: request.caller)
            return EmptyObject()
        }
        guard let kind = Pusher.Kind(rawValue: kind) else {
            throw MatrixError.invalidParam("'kind' is 'http' or 'email', or null.")
        }
        let pusher = Pusher(
            user: request.caller, device: request.device, appID: key.appID, pushkey: key.pushkey, kind: kind,
            description: try Self.description(body), data: try Self.data(body, of: kind), setAt: clock.now())
        if kind == .email { try await checkAddress(key.pushkey, of: request.caller) }
        guard try await pushers.set(pusher, keepsOthers: try body.bool("append") ?? false) else {
            throw MatrixError.invalidParam("A user has at most \(PusherStore.perUserMax) pushers.")
        }
        return EmptyObject()
    }

    private func checkAddress(_ text: String, of user: UserID) async throws {
        guard sendsMail else { throw MatrixError.invalidParam("This server sends no mail.") }
        guard let address = EmailAddress(text) else {
            throw MatrixError.invalidParam("'pushkey' is no address that mail can be sent to.")
        }
        guard try await addresses.user(with: address.text, medium: "email") == user else {
            throw MatrixError(
                status: 400, errcode: "M_THREEPID_NOT_FOUND", message: "This address is not one of your account's.")
        }
    }

    private static func description(_ body: BodyFields) throws -> JSONObject {
        var description = JSONObject()
        for name in ["app_display_name", "device_display_name", "lang"] {
            description[name] = .string(try body.requiredString(name))
        }
        description["profile_tag"] = try body.string("profile_tag").map { .string($0) }
        return description
    }

    private static func data(_ body: BodyFields, of kind: Pusher.Kind) throws -> JSONObject {
        guard let data = try body.object("data") else { throw MatrixError.missingParam("'data' is missing.") }
        if kind == .http {
            guard GatewayAddress.isValid(try BodyFields(data).requiredString("url")) else {
                throw MatrixError.invalidParam("'url' is an https address with the path \(GatewayAddress.path).")
            }
        }
        if let format = try BodyFields(data).string("format"), !format.utf8.elementsEqual("event_id_only".utf8) {
            throw MatrixError.invalidParam("'format' is 'event_id_only' or left out.")
        }
        return data
    }
}

/// What a pusher is known by.
private struct PusherKey {
    let appID: String
    let pushkey: String

    init(_ body: BodyFields) throws {
        appID = try body.requiredString("app_id")
        pushkey = try body.requiredString("pushkey")
        guard (1...Pusher.appIDLengthMax).contains(appID.unicodeScalars.count), !appID.utf8.contains(0),
            (1...Pusher.pushkeyBytesMax).contains(pushkey.utf8.count)
        else {
            throw MatrixError.invalidParam(
                "'app_id' is at most \(Pusher.appIDLengthMax) characters, 'pushkey' \(Pusher.pushkeyBytesMax) bytes.")
        }
    }
}

/// Where push gateways are (spec v1.19, push gateway API).
enum GatewayAddress {
    static let path = "/_matrix/push/v1/notify"
    static let bytesMax = 2_048

    /// Unencrypted only on this machine, as for tests; where the push worker may connect to is checked when it does.
    static func isValid(_ url: String) -> Bool {
        guard url.utf8.count <= bytesMax, url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return false }
        let isSecure = url.hasPrefix("https://")
        guard isSecure || url.hasPrefix("http://127.0.0.1:") || url.hasPrefix("http://localhost:") else { return false }
        let rest = url.dropFirst(isSecure ? 8 : 7)
        guard let slash = rest.firstIndex(of: "/"), slash > rest.startIndex, !rest[..<slash].contains("@") else {
            return false
        }
        let path = rest[slash...].prefix { $0 != "?" && $0 != "#" }
        return path == Self.path[...]
    }
}
