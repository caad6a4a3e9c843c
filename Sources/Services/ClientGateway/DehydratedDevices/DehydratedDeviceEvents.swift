import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Messages to the caller's dehydrated device:
/// `POST …/org.matrix.msc3814.v1/dehydrated_device/{deviceId}/events` (MSC3814, as clients use it).
struct PostDehydratedDeviceEvents: Endpoint {
    static let route = Route.client(
        .post, "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device/{deviceId}/events")

    let dehydrated: DehydratedDevices
    let messages: ToDeviceStore

    /// - Throws: `M_FORBIDDEN` for another device, `M_INVALID_PARAM`, `M_NOT_FOUND`.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        let body = BodyFields(try request.optionalJSONBody())
        return try await DehydratedDevicePage(dehydrated: dehydrated, messages: messages).read(
            request, from: try body.string("next_batch"))
    }
}

/// The same as the proposal has it now: `GET …/org.matrix.msc3814.v1/dehydrated_device/{deviceId}/events` (MSC3814).
struct GetDehydratedDeviceEvents: Endpoint {
    static let route = Route.client(
        .get, "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device/{deviceId}/events")

    let dehydrated: DehydratedDevices
    let messages: ToDeviceStore

    /// - Throws: as ``PostDehydratedDeviceEvents``.
    func respond(to request: UserRequest) async throws -> JSONBytes {
        try await DehydratedDevicePage(dehydrated: dehydrated, messages: messages).read(
            request, from: request.query("next_batch") ?? request.query("from"))
    }
}

/// A page of messages; they stay until the device is deleted, so that becoming it may be tried again.
struct DehydratedDevicePage {
    let dehydrated: DehydratedDevices
    let messages: ToDeviceStore

    func read(_ request: UserRequest, from: String?) async throws -> JSONBytes {
        let device = try request.path("deviceId", as: DeviceID.self)
        guard try await dehydrated.device(of: request.caller).device == device else {
            throw MatrixError.forbidden("This is not your dehydrated device.")
        }
        guard let after = Int64(from ?? "0"), after >= 0 else {
            throw MatrixError.invalidParam("'next_batch' is not of this server.")
        }
        let page = try await messages.page(
            to: device, of: request.caller, after: ShardSequence(after), upTo: ShardSequence(.max))
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("events")
        writer.beginArray()
        for message in page.messages { writer.raw(message.json) }
        writer.endArray()
        writer.member("next_batch", "\(page.messages.last?.position.value ?? after)")
        writer.endObject()
        return JSONBytes(writer.bytes)
    }
}
