import HTTPServer
import MatrixHTTP

/// The endpoints of the client worker, one line each.
package enum ClientEndpoints {
    package static func all(_ parts: ClientParts) -> [any Endpoint] {
        discovery(parts) + accounts(parts) + devices(parts) + rooms(parts) + events(parts) + people(parts)
    }

    private static func discovery(_ parts: ClientParts) -> [any Endpoint] {
        [
            GetVersions(),
            GetClientWellKnown(baseURL: parts.settings.baseURL),
            GetCapabilities(),
        ]
    }

    private static func accounts(_ parts: ClientParts) -> [any Endpoint] {
        let policy = parts.settings.registration
        let server = parts.settings.server
        return [
            Register(
                policy: policy, server: server, accounts: parts.accounts, maker: parts.accountMaker,
                tokens: parts.registrationTokens, auth: parts.auth, clock: parts.clock),
            CheckUsername(server: server, accounts: parts.accounts),
            CheckRegistrationToken(policy: policy, tokens: parts.registrationTokens, clock: parts.clock),
            GetRegistrationNonce(policy: policy, nonces: parts.registrationNonces, clock: parts.clock),
            SharedSecretRegister(
                policy: policy, nonces: parts.registrationNonces, server: server, maker: parts.accountMaker,
                profiles: parts.profileSetter, clock: parts.clock),
            GetLoginFlows(),
            Login(check: parts.passwordCheck, starter: parts.starter, attempts: parts.attempts, clock: parts.clock),
            Refresh(starter: parts.starter),
            Logout(removal: parts.removal),
            LogoutAll(removal: parts.removal),
            Whoami(),
            ChangePassword(
                check: parts.passwordCheck, auth: parts.auth, passwords: parts.passwords, removal: parts.removal),
        ]
    }

    private static func devices(_ parts: ClientParts) -> [any Endpoint] {
        [
            ListDevices(devices: parts.devices),
            GetDevice(devices: parts.devices),
            UpdateDevice(devices: parts.devices),
            DeleteDevice(check: parts.passwordCheck, auth: parts.auth, removal: parts.removal),
            DeleteDevices(check: parts.passwordCheck, auth: parts.auth, removal: parts.removal),
        ]
    }

    private static func rooms(_ parts: ClientParts) -> [any Endpoint] {
        let server = parts.settings.server
        return [
            CreateRoom(
                server: server, shardCount: parts.shardCount,
                genesis: RoomGenesis(server: server, key: parts.settings.signingKey), aliases: parts.aliases,
                profiles: parts.profiles, sender: parts.sender, clock: parts.clock),
            JoinRoom(joiner: parts.joiner),
            JoinRoomByAlias(joiner: parts.joiner, aliases: parts.aliasResolver),
            InviteUser(memberships: parts.memberships, server: server),
            LeaveRoom(memberships: parts.memberships),
            KickUser(memberships: parts.memberships, access: parts.access),
            BanUser(memberships: parts.memberships),
            UnbanUser(memberships: parts.memberships, access: parts.access),
            ForgetRoom(rooms: parts.rooms, access: parts.access, sender: parts.sender),
            ListJoinedRooms(access: parts.access),
            GetAlias(resolver: parts.aliasResolver),
            PutAlias(aliases: parts.aliases, access: parts.access, server: server, clock: parts.clock),
            DeleteAlias(resolver: parts.aliasResolver, accounts: parts.accounts, access: parts.access),
            ListRoomAliases(aliases: parts.aliases, access: parts.access),
        ]
    }

    private static func events(_ parts: ClientParts) -> [any Endpoint] {
        [
            SendEvent(sender: parts.sender),
            RedactEvent(sender: parts.sender, access: parts.access),
            PutState(setter: parts.stateSetter),
            PutStateWithoutKey(setter: parts.stateSetter),
        ]
    }

    private static func people(_ parts: ClientParts) -> [any Endpoint] {
        [
            GetProfile(profiles: parts.profiles),
            GetProfileField(profiles: parts.profiles),
            PutProfileField(setter: parts.profileSetter),
            DeleteProfileField(setter: parts.profileSetter),
            SetAccountData(setter: AccountDataSetter(sender: parts.sender)),
            SetRoomAccountData(setter: AccountDataSetter(sender: parts.sender)),
            GetAccountData(reader: parts.accountData),
            GetRoomAccountData(reader: parts.accountData),
            SendToDevice(users: parts.users, sender: parts.sender),
            SetTyping(rooms: parts.rooms, access: parts.access, sender: parts.sender),
            SetReceipt(setter: parts.receiptSetter),
            SetReadMarkers(setter: parts.receiptSetter),
            CreateFilter(filters: parts.filters),
            GetFilter(filters: parts.filters),
        ]
    }
}
