import Postgres
import ReplicationLog
import RoomReading
import Storage

/// What the endpoints that read rooms are made of.
struct ReadingParts: Sendable {
    let reader: RoomReader
    let events: EventStore
    let pages: EventPages
    let served: ServedEvents
    let history: StateHistory
    let lazyMembers: LazyMembers
    let lists: StateLists
    let members: CurrentMembers
    let relations: RelationStore
    let threads: ThreadStore
    let threadSubscriptions: ThreadSubscriptionStore
    let search: SearchStore
    let notifications: NotificationStore
    let accountData: AccountDataStore
    let ignored: IgnoredUsers
    let erasure: Erasure

    init(database: PostgresDatabase, placements: RoomPlacements) {
        events = EventStore(database: database)
        history = StateHistory(database: database)
        reader = RoomReader(
            views: RoomViews(
                placements: placements, memberships: MembershipHistory(database: database), history: history,
                events: events),
            heads: ShardHeads(database: database), forgotten: ForgottenRooms(database: database))
        accountData = AccountDataStore(database: database)
        relations = RelationStore(database: database)
        pages = EventPages(store: events, relations: relations)
        threads = ThreadStore(database: database)
        threadSubscriptions = ThreadSubscriptionStore(database: database)
        search = SearchStore(database: database)
        notifications = NotificationStore(database: database)
        ignored = IgnoredUsers(store: accountData)
        erasure = Erasure(users: ErasedUserStore(database: database))
        served = ServedEvents(
            store: events, bundles: RelationBundles(relations: relations, ignored: ignored), erasure: erasure)
        lazyMembers = LazyMembers(history: history, events: events)
        let store = StateRootStore(database: database)
        let roots = StateRoots(store: store)
        lists = StateLists(
            listing: StateListing(roots: roots, store: store, events: events, erasure: erasure),
            shared: SharedStateJSON(roots: roots, events: events, includesRoom: true))
        members = CurrentMembers(database: database)
    }
}
