import Events
import Identifiers
import Postgres
import RoomRules
import Signing
import Storage

/// Reads what commands need, in bounded pieces.
struct RoomLoader: Sendable {
    private let environment: RoomEnvironment
    private let heads: RoomHeadStore
    private let roots: StateRootStore
    private let events: KnownEvents
    private let awaited: AwaitedRedactions
    private let devices: DeviceStore
    private let keys: KnownKeys
    private let accountData: AccountDataStore
    private let results: CommandResults
    private let resolver: StateResolver
    private let policies: PolicyServers

    init(
        database: PostgresDatabase, environment: RoomEnvironment, results: CommandResults,
        resolutions: ResolutionThreads, policies: PolicyServers
    ) {
        self.environment = environment
        self.results = results
        heads = RoomHeadStore(database: database)
        roots = StateRootStore(database: database)
        events = KnownEvents(database: database)
        awaited = AwaitedRedactions(database: database)
        devices = DeviceStore(database: database)
        keys = KnownKeys(database: database)
        accountData = AccountDataStore(database: database)
        resolver = StateResolver(events: events, threads: resolutions)
        self.policies = policies
    }

    func load(_ need: Need) async throws -> Found {
        switch need {
        case .room(let room): return .room(room, head: try await head(of: room))
        case .events(let ids, let room, let rules):
            return try await find(ids, of: room, rules: rules)
        case .states(let wanted, let room):
            var states: [KeptState] = []
            for root in wanted { states.append(try await state(root)) }
            return .states(states, room: room)
        case .devices(let user):
            let fullness = ToDeviceStore.waitingMax + ToDeviceStore.waitingSlack
            let found = try await devices.waitingMessages(of: user, limit: fullness)
            return .devices(found.map(\.device), full: found.filter { $0.messages >= fullness }.map(\.device))
        case .keys(let user, let asked):
            return .keys(
                user, try await keys.crossSigning(of: user), try await keys.keys(of: asked, of: user), asked: asked)
        case .claimedKeys(let ids, let device, let user):
            return .claimedKeys(try await keys.claimed(among: ids, device: device, of: user))
        case .identifiedDevices(let asked, let user):
            return .identifiedDevices(try await keys.identified(among: asked, of: user))
        case .accountData(let type, let user, let room):
            return .accountData(try await accountData.fetch(type, of: user, in: room))
        case .resolution(let input): return .resolution(of: input.events, try await resolver.resolve(input))
        case .policyVerdict(let question):
            return .policyVerdict(of: question.event.id, try await policies.verdict(on: question))
        case .result(let id): return .result(try await results.fetch([id])[id])
        }
    }

    private func find(_ ids: [EventID], of room: RoomID, rules: RoomVersionRules) async throws -> Found {
        var found: [KnownEvent] = []
        var awaited: [AwaitedRedactionRow] = []
        for start in stride(from: 0, to: ids.count, by: KnownEvents.eventsMax) {
            let part = Array(ids[start..<min(start + KnownEvents.eventsMax, ids.count)])
            let events = try await events.fetch(part, of: room, rules: rules)
            found += events.values
            let absent = part.filter { events[$0] == nil }
            if !absent.isEmpty { awaited += try await self.awaited.fetch(absent, of: room) }
        }
        return .events(found, awaited: awaited, asked: ids, room: room)
    }

    private func head(of room: RoomID) async throws -> RoomHead? {
        guard let stored = try await heads.fetch(room) else { return nil }
        var state = KeptState.empty
        if let root = stored.currentRoot { state = try await self.state(root) }
        let references = try await references(to: stored, of: room)
        return RoomHead(
            room: room, version: stored.version,
            extremities: stored.extremities.map { extremity in
                RoomHead.Extremity(
                    reference: references[extremity.event] ?? EventParts.Reference(id: extremity.event),
                    depth: extremity.depth, stateAfter: extremity.stateAfter)
            }, state: state)
    }

    /// References with hashes, which only versions 1 and 2 write, to those events that the next one can name.
    private func references(
        to head: StoredRoomHead, of room: RoomID
    ) async throws -> [EventID: EventParts.Reference] {
        let rules = head.version.rules
        guard !rules.eventFormat.hashesAreIDs else { return [:] }
        let builder = EventBuilder(rules: rules, server: environment.server, key: environment.key)
        var references: [EventID: EventParts.Reference] = [:]
        let ids = head.extremities.map(\.event)
        for start in stride(from: 0, to: ids.count, by: KnownEvents.eventsMax) {
            let part = Array(ids[start..<min(start + KnownEvents.eventsMax, ids.count)])
            for (id, known) in try await events.fetch(part, of: room, rules: rules) {
                references[id] = builder.reference(to: known.event)
            }
        }
        return references
    }

    private func state(_ root: StateRootID) async throws -> KeptState {
        guard let chain = try await roots.chain(of: root, known: []), let snapshot = chain.entries.first else {
            throw StoreError.malformedRow("state_root.root_id")
        }
        let tree = try StateRootEncoding.tree(snapshot: snapshot, deltas: Array(chain.entries.dropFirst()))
        return KeptState(tree: tree, root: root, chain: Int32(chain.entries.count - 1))
    }
}
