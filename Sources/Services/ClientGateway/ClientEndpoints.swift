import HTTPServer
import MatrixHTTP

/// The endpoints of the client worker, one line each.
package enum ClientEndpoints {
    package typealias Entry = EndpointEntry<ClientParts>

    package static let entries: [Entry] =
        discovery + accounts + contacts + oauth + singleSignOn + rendezvous + administration + devices + rooms + events
        + reading
        + people
        + messages + roomLife + keys + keyBackups + push

    /// Where the endpoints are, without making any.
    package static var routes: [Route] { entries.map(\.route) }

    package static func all(_ parts: ClientParts) -> [any Endpoint] { entries.map { $0.make(parts) } }

    private static let discovery: [Entry] = [
        Entry { GetVersions(hasRTCTransports: !$0.settings.rtcTransports.isEmpty) },
        Entry { GetClientWellKnown(baseURL: $0.settings.baseURL, transports: $0.settings.rtcTransports) },
        Entry { GetRTCTransports(transports: $0.settings.rtcTransports) },
        Entry { GetSupport(support: $0.settings.support) },
        Entry { GetPolicyServer(publicKey: $0.settings.policyServerKey) },
        Entry { GetTurnServer(turn: $0.settings.turn, clock: $0.clock) },
        Entry { GetCapabilities(accounts: $0.accounts, sendsMail: $0.emails.isOn) },
    ]

    private static let accounts: [Entry] = [
        Entry {
            Register(
                policy: $0.settings.registration, server: $0.settings.server, accounts: $0.accounts,
                maker: $0.accountMaker, guests: $0.guestAccounts, contacts: $0.contacts,
                auth: $0.auth, rates: $0.rates)
        },
        Entry { CheckUsername(server: $0.settings.server, accounts: $0.accounts) },
        Entry {
            CheckRegistrationToken(
                policy: $0.settings.registration, tokens: $0.registrationTokens, rates: $0.rates, clock: $0.clock)
        },
        Entry {
            GetRegistrationNonce(
                policy: $0.settings.registration, nonces: $0.registrationNonces, clock: $0.clock)
        },
        Entry {
            SharedSecretRegister(
                policy: $0.settings.registration, nonces: $0.registrationNonces, server: $0.settings.server,
                maker: $0.accountMaker, profiles: $0.profileSetter, clock: $0.clock)
        },
        Entry { GetLoginFlows(provider: $0.settings.provider) },
        Entry {
            Login(
                check: $0.passwordCheck, starter: $0.starter, rates: $0.rates, tokens: $0.loginTokens)
        },
        Entry { GetLoginToken(auth: $0.auth, tokens: $0.loginTokens) },
        Entry { Refresh(starter: $0.starter) },
        Entry { Logout(removal: $0.removal) },
        Entry { LogoutAll(removal: $0.removal) },
        Entry { _ in Whoami() },
        Entry {
            ChangePassword(
                auth: $0.auth, accounts: $0.accounts, emails: $0.emails, addresses: $0.contactAddresses,
                passwords: $0.passwords, removal: $0.removal)
        },
        Entry {
            DeactivateAccount(
                auth: $0.auth, accounts: $0.accounts, removal: $0.removal, binder: $0.binder, clock: $0.clock)
        },
        Entry { RequestOpenIDToken(tokens: $0.openIDTokens, clock: $0.clock) },
        Entry { GetOpenIDUser(tokens: $0.openIDTokens, clock: $0.clock) },
    ]

    private static let contacts: [Entry] = [
        Entry { ListContacts(addresses: $0.contactAddresses) },
        Entry { AddContact(adder: $0.contacts) },
        Entry { AddContactByCredentials(adder: $0.contacts) },
        Entry { DeleteContact(addresses: $0.contactAddresses, binder: $0.binder) },
        Entry { UnbindContact(binder: $0.binder) },
        Entry { BindContact(binder: $0.binder) },
        Entry { RequestRegistrationEmail(emails: $0.emailRequests) },
        Entry { RequestContactEmail(emails: $0.emailRequests) },
        Entry { RequestPasswordEmail(emails: $0.emailRequests) },
        Entry { _ in RequestRegistrationPhone() },
        Entry { _ in RequestContactPhone() },
        Entry { _ in RequestPasswordPhone() },
        Entry { _ in ShowEmailPage() },
        Entry { ConfirmEmail(validator: $0.emails) },
    ]

    private static let oauth: [Entry] = [
        Entry { GetAuthMetadata(server: $0.oauth, registration: $0.settings.registration) },
        Entry { GetAuthMetadataUnstable(server: $0.oauth, registration: $0.settings.registration) },
        Entry { RegisterOAuthClient(server: $0.oauth, rates: $0.rates) },
        Entry { IssueOAuthToken(server: $0.oauth) },
        Entry { RevokeOAuthToken(sessions: $0.sessions, removal: $0.removal) },
        Entry { BeginDeviceAuthorization(server: $0.oauth, rates: $0.rates) },
        Entry { ShowAuthorization(server: $0.oauth, pages: $0.loginPages) },
        Entry { DecideAuthorization(server: $0.oauth, pages: $0.loginPages) },
        Entry { ShowDeviceLink(server: $0.oauth, pages: $0.loginPages) },
        Entry { DecideDeviceLink(server: $0.oauth, pages: $0.loginPages) },
        Entry { ShowLoginPage(pages: $0.loginPages) },
        Entry { LogInBrowser(pages: $0.loginPages) },
        Entry { LogOutBrowser(pages: $0.loginPages) },
        Entry { ShowRegistrationPage(pages: $0.loginPages) },
        Entry { RegisterInBrowser(pages: $0.loginPages) },
        Entry { ShowAccountPage(forms: $0.accountForms, devices: $0.devices, profiles: $0.profiles) },
        Entry { SaveProfileForm(forms: $0.accountForms, setter: $0.profileSetter) },
        Entry { DeleteDeviceForm(forms: $0.accountForms, removal: $0.removal) },
        Entry { ChangePasswordForm(forms: $0.accountForms, passwords: $0.passwords, removal: $0.removal) },
        Entry { DeactivateForm(forms: $0.accountForms, removal: $0.removal, clock: $0.clock) },
        Entry { AllowResetForm(forms: $0.accountForms, auth: $0.auth) },
        Entry { ShowFallback(fallback: $0.fallback) },
        Entry { CompleteFallback(fallback: $0.fallback) },
    ]

    /// Where a device that logs in meets one that is logged in.
    private static let rendezvous: [Entry] = [
        Entry { CreateByteRendezvous(meeting: $0.rendezvous) },
        Entry { GetByteRendezvous(meeting: $0.rendezvous) },
        Entry { PutByteRendezvous(meeting: $0.rendezvous) },
        Entry { DeleteByteRendezvous(meeting: $0.rendezvous) },
        Entry { DiscoverRendezvous(meeting: $0.rendezvous) },
        Entry { CreateRendezvous(meeting: $0.rendezvous) },
        Entry { GetRendezvous(meeting: $0.rendezvous) },
        Entry { PutRendezvous(meeting: $0.rendezvous) },
        Entry { DeleteRendezvous(meeting: $0.rendezvous) },
    ]

    private static let singleSignOn: [Entry] = [
        Entry { _ in RedirectToSSO() },
        Entry { RedirectToProvider(upstream: $0.upstream) },
        Entry { ShowSSO(pages: $0.loginPages) },
        Entry { AllowSSO(pages: $0.loginPages, tokens: $0.loginTokens) },
        Entry { BeginUpstreamLogin(upstream: $0.upstream, pages: $0.loginPages) },
        Entry { FinishUpstreamLogin(upstream: $0.upstream, pages: $0.loginPages, signup: $0.upstreamSignup) },
        Entry { FinishUpstreamSignup(upstream: $0.upstream, pages: $0.loginPages, signup: $0.upstreamSignup) },
    ]

    private static let administration: [Entry] = [
        Entry { GetSuspended(accounts: $0.moderated) },
        Entry { SetSuspended(accounts: $0.moderated, clock: $0.clock) },
        Entry { GetLocked(accounts: $0.moderated) },
        Entry { SetLocked(accounts: $0.moderated, clock: $0.clock) },
        Entry { Whois(accounts: $0.moderated, devices: $0.devices) },
    ]

    private static let devices: [Entry] = [
        Entry { ListDevices(devices: $0.devices) },
        Entry { GetDevice(devices: $0.devices) },
        Entry { UpdateDevice(devices: $0.devices, sender: $0.sender) },
        Entry { DeleteDevice(auth: $0.auth, removal: $0.removal) },
        Entry { DeleteDevices(auth: $0.auth, removal: $0.removal) },
    ]

    private static let keys: [Entry] = [
        Entry { UploadKeys(sender: $0.sender) },
        Entry { QueryKeys(server: $0.settings.server, keys: $0.keys) },
        Entry { ClaimKeys(server: $0.settings.server, users: $0.users, sender: $0.sender) },
        Entry { UploadCrossSigningKeys(keys: $0.keys, devices: $0.devices, auth: $0.auth, sender: $0.sender) },
        Entry { UploadSignatures(keys: $0.keys, sender: $0.sender) },
        Entry { PutDehydratedDevice(dehydrated: $0.dehydratedDevices) },
        Entry { GetDehydratedDevice(dehydrated: $0.dehydratedDevices) },
        Entry { DeleteDehydratedDevice(dehydrated: $0.dehydratedDevices) },
        Entry { PostDehydratedDeviceEvents(dehydrated: $0.dehydratedDevices, messages: $0.waitingMessages) },
        Entry { GetDehydratedDeviceEvents(dehydrated: $0.dehydratedDevices, messages: $0.waitingMessages) },
    ]

    private static let keyBackups: [Entry] = [
        Entry { CreateKeyBackup(backups: $0.keyBackups) },
        Entry { GetCurrentKeyBackup(backups: $0.keyBackups) },
        Entry { GetKeyBackup(backups: $0.keyBackups) },
        Entry { UpdateKeyBackup(backups: $0.keyBackups) },
        Entry { DeleteKeyBackup(backups: $0.keyBackups) },
        Entry { PutBackupKeys(backups: $0.keyBackups) },
        Entry { PutBackupKeysOfRoom(backups: $0.keyBackups) },
        Entry { PutBackupKey(backups: $0.keyBackups) },
        Entry { GetBackupKeys(backups: $0.keyBackups) },
        Entry { GetBackupKeysOfRoom(backups: $0.keyBackups) },
        Entry { GetBackupKey(backups: $0.keyBackups) },
        Entry { DeleteBackupKeys(backups: $0.keyBackups) },
        Entry { DeleteBackupKeysOfRoom(backups: $0.keyBackups) },
        Entry { DeleteBackupKey(backups: $0.keyBackups) },
    ]

    private static let push: [Entry] = [
        Entry { GetPushRules(rules: $0.pushRules) },
        Entry { GetGlobalPushRules(rules: $0.pushRules) },
        Entry { GetPushRule(rules: $0.pushRules) },
        Entry { PutPushRule(rules: $0.pushRules) },
        Entry { DeletePushRule(rules: $0.pushRules) },
        Entry { GetPushRuleEnabled(rules: $0.pushRules) },
        Entry { PutPushRuleEnabled(rules: $0.pushRules) },
        Entry { GetPushRuleActions(rules: $0.pushRules) },
        Entry { PutPushRuleActions(rules: $0.pushRules) },
        Entry { ListPushers(pushers: $0.pushers) },
        Entry {
            SetPusher(
                pushers: $0.pushers, addresses: $0.contactAddresses, sendsMail: $0.emails.isOn, clock: $0.clock)
        },
        Entry { ShowUnsubscribePage(links: $0.unsubscribeLinks) },
        Entry { Unsubscribe(links: $0.unsubscribeLinks, pushers: $0.pushers) },
    ]

    private static let rooms: [Entry] = [
        Entry {
            CreateRoom(
                server: $0.settings.server, shardCount: $0.shardCount,
                genesis: $0.genesis, aliases: $0.aliases, published: $0.published, profiles: $0.profiles,
                sender: $0.sender,
                inviteGuard: $0.inviteGuard, thirdParty: $0.thirdPartyInviter, rates: $0.rates, clock: $0.clock)
        },
        Entry { JoinRoom(joiner: $0.joiner) },
        Entry { JoinRoomByAlias(joiner: $0.joiner, aliases: $0.aliasResolver) },
        Entry {
            InviteUser(
                memberships: $0.memberships, server: $0.settings.server, inviteGuard: $0.inviteGuard,
                thirdParty: $0.thirdPartyInviter, access: $0.access)
        },
        Entry { LeaveRoom(memberships: $0.memberships, access: $0.access, notices: $0.noticeRooms) },
        Entry { KickUser(memberships: $0.memberships, access: $0.access) },
        Entry { BanUser(memberships: $0.memberships) },
        Entry { UnbanUser(memberships: $0.memberships, access: $0.access) },
        Entry { ForgetRoom(rooms: $0.rooms, access: $0.access, sender: $0.sender) },
        Entry { ListJoinedRooms(access: $0.access) },
        Entry { GetAlias(resolver: $0.aliasResolver) },
        Entry { PutAlias(aliases: $0.aliases, access: $0.access, server: $0.settings.server, clock: $0.clock) },
        Entry { DeleteAlias(resolver: $0.aliasResolver, accounts: $0.accounts, access: $0.access) },
        Entry { ListRoomAliases(aliases: $0.aliases, access: $0.access) },
    ]

    private static let events: [Entry] = [
        Entry {
            SendEvent(
                sender: $0.sender, drafts: $0.messageDrafts, delays: $0.delays, activity: $0.activity)
        },
        Entry { RedactEvent(sender: $0.sender, access: $0.access, rates: $0.rates) },
        Entry { PutState(setter: $0.stateSetter) },
        Entry { PutStateWithoutKey(setter: $0.stateSetter) },
    ]

    private static let reading: [Entry] = [
        Entry {
            GetMessages(
                reader: $0.reading.reader, pages: $0.reading.pages, served: $0.reading.served,
                lazyMembers: $0.reading.lazyMembers)
        },
        Entry {
            GetEventContext(
                visible: $0.visibleEvents, pages: $0.reading.pages, served: $0.reading.served, lists: $0.reading.lists)
        },
        Entry { GetEvent(visible: $0.visibleEvents, served: $0.reading.served) },
        Entry {
            GetEventAnywhere(facts: $0.access.facts, visible: $0.visibleEvents, served: $0.reading.served)
        },
        Entry { GetState(reader: $0.reading.reader, lists: $0.reading.lists) },
        Entry { GetStateEvent(state: $0.stateEventReader) },
        Entry { GetStateEventWithoutKey(state: $0.stateEventReader) },
        Entry { ListMembers(reader: $0.reading.reader, lists: $0.reading.lists) },
        Entry { ListJoinedMembers(access: $0.access, members: $0.reading.members) },
    ]

    private static let people: [Entry] = [
        Entry { GetProfile(profiles: $0.profiles) },
        Entry { GetProfileField(profiles: $0.profiles) },
        Entry { PutProfileField(setter: $0.profileSetter) },
        Entry { DeleteProfileField(setter: $0.profileSetter) },
        Entry { SetAccountData(setter: AccountDataSetter(sender: $0.sender)) },
        Entry { SetRoomAccountData(setter: AccountDataSetter(sender: $0.sender)) },
        Entry { DeleteAccountData(setter: AccountDataSetter(sender: $0.sender)) },
        Entry { DeleteRoomAccountData(setter: AccountDataSetter(sender: $0.sender)) },
        Entry { GetAccountData(reader: $0.accountData) },
        Entry { GetRoomAccountData(reader: $0.accountData) },
        Entry { ListTags(tags: $0.tags) },
        Entry { SetTag(tags: $0.tags) },
        Entry { DeleteTag(tags: $0.tags) },
        Entry { SendToDevice(users: $0.users, sender: $0.sender) },
        Entry { SetTyping(rooms: $0.rooms, access: $0.access, sender: $0.sender, activity: $0.activity) },
        Entry { SetPresence(sender: $0.sender) },
        Entry { SetReceipt(setter: $0.receiptSetter, activity: $0.activity) },
        Entry { SetReadMarkers(setter: $0.receiptSetter) },
        Entry { CreateFilter(filters: $0.filters) },
        Entry { GetFilter(filters: $0.filters) },
    ]

    private static let messages: [Entry] = [
        Entry { ListRelations(lister: $0.relationLister) },
        Entry { ListRelationsOfType(lister: $0.relationLister) },
        Entry { ListRelationsOfEventType(lister: $0.relationLister) },
        Entry {
            ListThreads(
                reader: $0.reading.reader, threads: $0.reading.threads, events: $0.reading.events,
                served: $0.reading.served, ignored: $0.reading.ignored)
        },
        Entry { GetThreadSubscription(subscriptions: $0.threadSubscriptions) },
        Entry { PutThreadSubscription(subscriptions: $0.threadSubscriptions) },
        Entry { DeleteThreadSubscription(subscriptions: $0.threadSubscriptions) },
        Entry { ListThreadSubscriptions(store: $0.reading.threadSubscriptions, users: $0.users) },
        Entry {
            ListNotifications(
                store: $0.reading.notifications, reader: $0.reading.reader, events: $0.reading.events,
                served: $0.reading.served, ignored: $0.reading.ignored, rules: $0.pushRules,
                contexts: $0.pushContexts)
        },
        Entry {
            GetRoomInitialSync(
                reader: $0.reading.reader, pages: $0.reading.pages, served: $0.reading.served,
                lists: $0.reading.lists, accountData: $0.reading.accountData)
        },
        Entry { SearchEvents(access: $0.access, finder: $0.searchFinder, results: $0.searchResults) },
    ]

    /// Rooms beyond chat: knocking, upgrades, finding them.
    private static let roomLife: [Entry] = [
        Entry { KnockRoom(rooms: $0.rooms, memberships: $0.memberships, aliases: $0.aliasResolver) },
        Entry { UpgradeRoom(upgrader: $0.upgrader) },
        Entry { GetHierarchy(previews: $0.previews) },
        Entry { GetRoomSummary(summaries: $0.summaries) },
        Entry { GetUnstableRoomSummary(summaries: $0.summaries) },
        Entry { GetFirstUnstableRoomSummary(summaries: $0.summaries) },
        Entry { GetRoomVisibility(rooms: $0.rooms, published: $0.published) },
        Entry {
            SetRoomVisibility(
                rooms: $0.rooms, access: $0.access, accounts: $0.accounts, published: $0.published, clock: $0.clock)
        },
        Entry { ListPublicRooms(directory: $0.directory) },
        Entry { SearchPublicRooms(directory: $0.directory) },
        Entry { SearchUserDirectory(users: $0.userSearch) },
        Entry { GetMutualRooms(mutual: $0.mutualRooms) },
        Entry { GetUnstableMutualRooms(mutual: $0.mutualRooms) },
        Entry { ReportRoom(rooms: $0.rooms, reporter: $0.reporter) },
        Entry { ReportUser(server: $0.settings.server, accounts: $0.accounts, reporter: $0.reporter) },
        Entry { ReportEvent(visible: $0.visibleEvents, reporter: $0.reporter) },
        Entry { PutDelayedEvent(messages: $0.messageDrafts, state: $0.stateSetter, delays: $0.delays) },
        Entry { ListDelayedEvents(store: $0.delayedEvents) },
        Entry { GetDelayedEvent(store: $0.delayedEvents) },
        Entry { UpdateDelayedEvent(delays: $0.delays) },
        Entry { ActOnDelayedEvent(delays: $0.delays) },
        Entry { GetEventByTime(reader: $0.reading.reader, finder: EventTimes(events: $0.reading.events)) },
    ]
}
