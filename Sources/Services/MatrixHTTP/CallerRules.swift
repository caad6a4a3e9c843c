import HTTPServer

/// Which endpoints guests may call and suspended users may not, by their routes.
///
/// Listed here rather than at each endpoint, so that the lists can be held against the spec's. An endpoint that looks
/// closer (joins of guests, redactions by the suspended) does so itself.
package enum CallerRules {
    private static let v3 = "/_matrix/client/v3"
    private static let delays = "/_matrix/client/unstable/org.matrix.msc4140"

    /// Spec v1.19, "Guest Access", and what clients need around it: filters, capabilities, aliases, logging out.
    package static let openToGuests: Set<String> = [
        "GET \(v3)/rooms/{roomId}/state", "GET \(v3)/rooms/{roomId}/context/{eventId}",
        "GET \(v3)/rooms/{roomId}/event/{eventId}", "GET \(v3)/rooms/{roomId}/state/{eventType}",
        "GET \(v3)/rooms/{roomId}/state/{eventType}/{stateKey}", "GET \(v3)/rooms/{roomId}/messages",
        "GET \(v3)/rooms/{roomId}/members", "GET \(v3)/rooms/{roomId}/initialSync", "GET \(v3)/sync",
        "GET \(v3)/events", "GET /_matrix/client/v1/media/download/{serverName}/{mediaId}",
        "GET /_matrix/client/v1/media/download/{serverName}/{mediaId}/{fileName}",
        "GET /_matrix/client/v1/media/thumbnail/{serverName}/{mediaId}",
        "POST \(v3)/rooms/{roomId}/join", "POST \(v3)/join/{roomIdOrAlias}", "POST \(v3)/rooms/{roomId}/leave",
        "PUT \(v3)/rooms/{roomId}/send/{eventType}/{txnId}", "PUT \(v3)/rooms/{roomId}/state/{eventType}",
        "PUT \(v3)/rooms/{roomId}/state/{eventType}/{stateKey}", "PUT \(v3)/sendToDevice/{eventType}/{txnId}",
        "PUT \(v3)/profile/{userId}/{keyName}", "DELETE \(v3)/profile/{userId}/{keyName}",
        "GET \(v3)/devices", "GET \(v3)/devices/{deviceId}", "PUT \(v3)/devices/{deviceId}",
        "GET \(v3)/account/whoami", "POST \(v3)/keys/upload", "POST \(v3)/keys/query", "POST \(v3)/keys/claim",
        "GET \(v3)/capabilities", "POST \(v3)/user/{userId}/filter", "GET \(v3)/user/{userId}/filter/{filterId}",
        "POST \(v3)/logout", "POST \(v3)/logout/all",
        "PUT \(delays)/rooms/{roomId}/delayed_event/{eventType}/{txnId}", "GET \(delays)/delayed_events",
        "GET \(delays)/delayed_events/{delayId}",
    ]

    /// Spec v1.19, "Account suspension": joining, knocking, inviting, sending, changing one's profile; and here whatever
    /// else others would see.
    package static let closedToSuspended: Set<String> = [
        "POST \(v3)/createRoom", "POST \(v3)/rooms/{roomId}/join", "POST \(v3)/join/{roomIdOrAlias}",
        "POST \(v3)/knock/{roomIdOrAlias}", "POST \(v3)/rooms/{roomId}/invite", "POST \(v3)/rooms/{roomId}/kick",
        "POST \(v3)/rooms/{roomId}/ban", "POST \(v3)/rooms/{roomId}/unban", "POST \(v3)/rooms/{roomId}/upgrade",
        "PUT \(v3)/rooms/{roomId}/send/{eventType}/{txnId}", "PUT \(v3)/rooms/{roomId}/state/{eventType}",
        "PUT \(v3)/rooms/{roomId}/state/{eventType}/{stateKey}", "PUT \(v3)/rooms/{roomId}/typing/{userId}",
        "PUT \(v3)/profile/{userId}/{keyName}", "DELETE \(v3)/profile/{userId}/{keyName}",
        "PUT \(v3)/directory/list/room/{roomId}", "PUT \(v3)/directory/room/{roomAlias}",
        "DELETE \(v3)/directory/room/{roomAlias}", "POST \(v3)/account/3pid/delete",
        "PUT \(delays)/rooms/{roomId}/delayed_event/{eventType}/{txnId}",
    ]

    /// What a locked user may still do.
    static let openToLocked: Set<String> = ["POST \(v3)/logout", "POST \(v3)/logout/all"]

    /// - Throws: `M_GUEST_ACCESS_FORBIDDEN`, `M_USER_SUSPENDED`.
    static func check(_ caller: KnownCaller, at route: Route) throws {
        guard caller.isGuest || caller.isSuspended else { return }
        let name = "\(route.method.rawValue) \(route.path)"
        if caller.isGuest, !openToGuests.contains(name) { throw MatrixError.guestAccessForbidden }
        if caller.isSuspended, closedToSuspended.contains(name) { throw MatrixError.userSuspended }
    }
}
