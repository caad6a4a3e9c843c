import Events
import Identifiers

/// The servers whose valid signatures an event needs (spec v1.19, server-server API, "Validating hashes and signatures").
///
/// The sender's, except on invites made from a third-party invite; in versions 1 and 2 that of the event's ID; from version
/// 8 on that of the user who authorised a join. Checking needs the servers' keys and is the caller's work.
public func requiredSignatures(of event: Event, rules: RoomVersionRules) -> Set<ServerName> {
    var servers: Set<ServerName> = []
    let isThirdPartyInvite = event.membership == "invite" && event.content["third_party_invite"] != nil
    if !isThirdPartyInvite { servers.insert(event.sender.server) }
    if rules.eventIDServerSigns, let server = event.id.server { servers.insert(server) }
    if rules.allowsRestrictedJoins, event.isType("m.room.member"),
        let authoriser = event.content["join_authorised_via_users_server"]?.stringValue.flatMap({ UserID($0) })
    {
        servers.insert(authoriser.server)
    }
    return servers
}

extension EventID {
    /// The server part of an ID in room versions 1 and 2.
    var server: ServerName? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        return ServerName(String(text.string[text.utf8.index(after: colon)...]))
    }
}
