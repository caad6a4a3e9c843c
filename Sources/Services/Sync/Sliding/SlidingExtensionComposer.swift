import CanonicalJSON
import Identifiers
import ReplicationLog
import RoomReading
import Storage

/// What there is beside rooms, as it is found before the rooms are composed.
struct SlidingNews: Sendable {
    var accountData: [AccountDataItem] = []
    /// Of rooms the client is wanted to be told of, what was set since it last heard; new rooms with all there is.
    var receipts: [RoomID: [Receipt]] = [:]
    var typing: [RoomID: [UserID]] = [:]
    var typingPosition: TypingPosition
    var toDevice: ToDeviceBatch?
    var sticky: SlidingSticky?
    var threads: SlidingThreads?
    var encryption = EncryptionNews()
}

/// Composes what is told beside rooms (MSC4186, "Extensions").
struct SlidingExtensionComposer: Sendable {
    let readers: RoomReaders
    let typing: TypingBoard
    let inbox: ToDeviceInbox
    let encryption: EncryptionFinder

    private var sticky: SlidingStickyComposer { SlidingStickyComposer(readers: readers) }

    // MARK: Finding

    func news(_ context: SlidingContext) async throws -> SlidingNews {
        async let accountData = accountData(context)
        async let receipts = receipts(context)
        async let toDevice = toDevice(context)
        async let sticky = sticky.find(context)
        async let keys = keys(context)
        async let threads = SlidingThreads.find(context, in: readers.threadSubscriptions)
        let position = context.knowledge.position?.typing ?? .none
        let typing = typing.news(
            since: position, isJoined: { context.user.isJoined($0.text) }, joined: { context.user.joined.map(\.room) })
        var news = SlidingNews(typingPosition: typing.position)
        if let scope = context.request.extensions.typing {
            let rooms = context.selection.rooms(of: scope, subscriptions: context.request.subscriptions)
            news.typing = typing.rooms.filter { rooms.contains($0.key) }
            for room in context.newRooms where rooms.contains(room) { news.typing[room] = self.typing.users(in: room) }
            // Who is new to a room believes in nobody.
            news.typing = news.typing.filter { !$0.value.isEmpty || context.knowledge.rooms.rooms[$0.key] != nil }
        }
        news.accountData = try await accountData
        news.receipts = try await receipts
        news.toDevice = try await toDevice
        news.sticky = try await sticky
        news.encryption = try await keys
        news.threads = try await threads
        return news
    }

    /// What of a user's account data was set between two cuts; nothing for a client that begins.
    func changedAccountData(
        of user: UserRooms, _ changes: SyncChanges, after: Cut, upTo: Cut
    ) async throws -> [AccountDataItem] {
        guard changes.hasAccountData else { return [] }
        return try await readers.accountData.changes(of: user.user, after: after[user.shard], upTo: upTo[user.shard])
    }

    /// Global data and that of rooms the client knows; of rooms that are new to it all there is.
    private func accountData(_ context: SlidingContext) async throws -> [AccountDataItem] {
        guard context.request.extensions.accountData != nil else { return [] }
        let (user, upTo) = (context.user.user, context.cut[context.user.shard])
        guard context.from != nil else {
            return try await readers.accountData.changes(of: user, after: .zero, upTo: upTo)
                .filter { $0.content != nil && isWanted($0, context, isNew: true) }
                .withPushRules(of: user, isFirst: true)
        }
        let ofNew = try await readers.accountData.items(of: user, in: context.newRooms, upTo: upTo)
        let isNew = Set(context.newRooms)
        let changed = context.changedAccountData.filter { item in
            (item.room.map { !isNew.contains($0) } ?? true) && isWanted(item, context, isNew: false)
        }
        return try changed.withPushRules(of: user, isFirst: false) + ofNew.filter { isWanted($0, context, isNew: true) }
    }

    private func isWanted(_ item: AccountDataItem, _ context: SlidingContext, isNew: Bool) -> Bool {
        guard let room = item.room else { return true }
        guard let scope = context.request.extensions.accountData else { return false }
        if !isNew, scope.lists == nil, scope.rooms == nil { return context.knowledge.rooms.rooms[room] != nil }
        if isNew, !context.planned.contains(room) { return false }
        return context.selection.rooms(of: scope, subscriptions: context.request.subscriptions).contains(room)
    }

    private func receipts(_ context: SlidingContext) async throws -> [RoomID: [Receipt]] {
        let wanted = context.selection.order.compactMap { id -> (RoomID, ShardSequence, ShardSequence)? in
            guard let room = context.user[id], room.membership == .join else { return nil }
            let upTo = context.cut[room.shard]
            guard let from = context.from, let known = context.knowledge.rooms.rooms[id] else {
                return context.planned.contains(id) ? (id, .zero, upTo) : nil
            }
            if let sent = known.sentUpTo { return context.planned.contains(id) ? (id, sent, upTo) : nil }
            return context.changes.rooms[id]?.contains(.receipts) ?? false ? (id, from[room.shard], upTo) : nil
        }
        var found: [RoomID: [Receipt]] = [:]
        for start in stride(from: 0, to: wanted.count, by: SyncComposer.roomsPerStatementMax) {
            let part = Array(wanted[start..<min(start + SyncComposer.roomsPerStatementMax, wanted.count)])
            found.merge(try await readers.receipts.receipts(in: part, for: context.user.user)) { $1 }
        }
        return found
    }

    private func keys(_ context: SlidingContext) async throws -> EncryptionNews {
        guard context.request.extensions.hasEncryption else { return EncryptionNews() }
        guard let from = context.from else { return try await encryption.beginning(for: context.viewer) }
        return try await encryption.news(
            for: context.user, context.viewer, context.changes, context.transitions, after: from, at: context.cut)
    }

    private func toDevice(_ context: SlidingContext) async throws -> ToDeviceBatch? {
        guard let wanted = context.request.extensions.toDevice else { return nil }
        let upTo = context.cut[context.user.shard]
        let after = min(ShardSequence(wanted.since ?? 0), upTo)
        return try await inbox.batch(
            for: context.viewer, in: context.user.shard, after: after, upTo: upTo, limit: wanted.limit)
    }

    // MARK: Writing

    /// The extensions as a JSON object, and whether they say nothing.
    ///
    /// - Parameter timelines: the events of rooms the client is given now.
    func write(
        _ news: SlidingNews, _ context: SlidingContext, timelines: [RoomID: Set<EventID>]
    ) async throws -> (json: [UInt8], isSilent: Bool) {
        var writer = JSONWriter()
        writer.beginObject()
        var isSilent = true
        if let batch = news.toDevice {
            isSilent = isSilent && batch.messages.isEmpty
            writer.key("to_device")
            writer.beginObject()
            writer.key("events")
            writer.beginArray()
            for message in batch.messages { writer.raw(message) }
            writer.endArray()
            writer.member("next_batch", "\(batch.position.value)")
            writer.endObject()
        }
        if context.request.extensions.hasEncryption {
            writer.key("e2ee")
            writer.beginObject()
            isSilent = isSilent && news.encryption.isSilent
            EncryptionPart.writeMembers(news.encryption, to: &writer)
            writer.endObject()
        }
        if context.request.extensions.accountData != nil {
            isSilent = isSilent && news.accountData.isEmpty
            writer.key("account_data")
            writeAccountData(news.accountData, to: &writer)
        }
        if context.request.extensions.receipts != nil {
            let receipts = shown(news.receipts, context, timelines: timelines)
            isSilent = isSilent && receipts.isEmpty
            write("receipts", receipts, type: "m.receipt", to: &writer)
        }
        if context.request.extensions.typing != nil {
            isSilent = isSilent && news.typing.isEmpty
            let contents = news.typing.mapValues { users -> JSONObject in
                ["user_ids": .array(users.map { .string($0.rawValue) })]
            }
            write("typing", contents, type: "m.typing", to: &writer)
        }
        if let threads = news.threads {
            isSilent = false
            writer.member(SlidingThreads.name, threads.json)
        }
        if let found = news.sticky {
            let saysNothing = try await sticky.write(found, context, timelines: timelines, to: &writer)
            isSilent = isSilent && saysNothing
        }
        writer.endObject()
        return (writer.bytes, isSilent)
    }

    private func writeAccountData(_ items: [AccountDataItem], to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("global")
        AccountDataEvents.write(items.filter { $0.room == nil }, to: &writer)
        writer.key("rooms")
        writer.beginObject()
        for (room, items) in Dictionary(grouping: items, by: \.room).sorted(by: {
            $0.value[0].position < $1.value[0].position
        }) {
            guard let room else { continue }
            writer.key(room.rawValue)
            AccountDataEvents.write(items, to: &writer)
        }
        writer.endObject()
        writer.endObject()
    }

    /// The receipts the client is told: new ones, and of rooms that are new to it those at events it is given and its own.
    private func shown(
        _ receipts: [RoomID: [Receipt]], _ context: SlidingContext, timelines: [RoomID: Set<EventID>]
    ) -> [RoomID: JSONObject] {
        guard let scope = context.request.extensions.receipts else { return [:] }
        let rooms = context.selection.rooms(of: scope, subscriptions: context.request.subscriptions)
        var contents: [RoomID: JSONObject] = [:]
        for (room, receipts) in receipts where rooms.contains(room) {
            let isKnown = context.knowledge.rooms.rooms[room] != nil
            // A room that has yet to be sent brings its receipts then.
            if !isKnown, timelines[room] == nil { continue }
            let told = receipts.filter { receipt in
                isKnown || receipt.user == context.user.user || timelines[room]?.contains(receipt.event) ?? false
            }
            // One content a room is all there is place for: of a user's receipts of several threads at one event, one.
            contents[room] = EphemeralPart.grouped(told).first
        }
        return contents
    }

    private func write(_ name: String, _ contents: [RoomID: JSONObject], type: String, to writer: inout JSONWriter) {
        writer.key(name)
        writer.beginObject()
        writer.key("rooms")
        writer.beginObject()
        for (room, content) in contents.sorted(by: { $0.key < $1.key }) {
            writer.key(room.rawValue)
            writer.beginObject()
            writer.member("content", content)
            writer.member("type", type)
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
    }
}

extension AccountDataItem {
    /// Whether it says which rooms are direct ones.
    var isDirectRooms: Bool { room == nil && type.utf8.elementsEqual("m.direct".utf8) }
}
