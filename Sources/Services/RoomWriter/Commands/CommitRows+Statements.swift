import Events
import Identifiers
import Postgres
import Storage

extension CommitRows {
    /// Everything that `parts` write, of one or several shards, as one or two statements a table.
    ///
    /// The tables that are written by upsert get one row a key, the last: a statement must not meet a row twice.
    static func statements(of parts: [CommitRows]) -> [PostgresStatement] {
        eventStatements(of: parts) + messageStatements(of: parts) + stateStatements(of: parts)
            + userStatements(of: parts) + keyStatements(of: parts)
    }

    private static func eventStatements(of parts: [CommitRows]) -> [PostgresStatement] {
        var all: [PostgresStatement] = []
        let (rooms, roomShards) = gather(parts, \.rooms)
        if !rooms.isEmpty { all.append(RoomRow.insert(rooms, in: roomShards)) }
        let (events, eventShards) = gather(parts, \.events)
        if !events.isEmpty { all.append(EventRow.insert(events, in: eventShards)) }
        let redactions = parts.flatMap(\.redactions)
        if !redactions.isEmpty { all.append(RedactionRow.apply(lastOfEach(redactions.reversed(), by: \.target))) }
        let (awaited, arrived) = (parts.flatMap(\.awaitedRedactions), parts.flatMap(\.arrivedRedactions))
        if !awaited.isEmpty { all.append(AwaitedRedactionRow.insert(awaited)) }
        if !arrived.isEmpty { all.append(AwaitedRedactionRow.remove(arrived)) }
        let (removed, added) = (parts.flatMap(\.removedExtremities), parts.flatMap(\.addedExtremities))
        if !removed.isEmpty || !added.isEmpty {
            all.append(ForwardExtremityRow.replace(removed: removed, added: added))
        }
        return all
    }

    /// What events are to each other and to readers; after the events themselves, and redactions last.
    private static func messageStatements(of parts: [CommitRows]) -> [PostgresStatement] {
        var all: [PostgresStatement] = []
        let (relations, relationShards) = gather(parts, \.relations)
        if !relations.isEmpty { all += EventRelationRow.insert(relations, in: relationShards) }
        let (countable, countableShards) = gather(parts, \.countable)
        if !countable.isEmpty { all.append(CountableEventRow.insert(countable, in: countableShards)) }
        let (highlights, highlightShards) = gather(parts, \.highlights)
        if !highlights.isEmpty { all.append(EventHighlightRow.insert(highlights, in: highlightShards)) }
        let (searchable, searchableShards) = gather(parts, \.searchable)
        if !searchable.isEmpty { all.append(EventSearchRow.insert(searchable, in: searchableShards)) }
        let (sticky, stickyShards) = gather(parts, \.sticky)
        if !sticky.isEmpty { all.append(StickyEventRow.insert(sticky, in: stickyShards)) }
        let redacted = Array(Set(parts.flatMap(\.redactions).map(\.target)))
        if !redacted.isEmpty {
            all += [
                EventRelationRow.remove(redacted), CountableEventRow.redact(redacted),
                EventHighlightRow.remove(redacted), EventSearchRow.remove(redacted), StickyEventRow.remove(redacted),
            ]
        }
        return all
    }

    private static func stateStatements(of parts: [CommitRows]) -> [PostgresStatement] {
        var all: [PostgresStatement] = []
        let roots = parts.flatMap(\.roots)
        if !roots.isEmpty { all.append(StateRootRow.insert(roots)) }
        let (changes, changeShards) = gather(parts, \.stateChanges)
        if !changes.isEmpty {
            all.append(StateChangeRow.insert(changes, in: changeShards))
            let last = lastOfEach(zip(changes, changeShards)) { change, _ in
                [
                    change.room.text, ByteOrderedText(change.change.key.type),
                    ByteOrderedText(change.change.key.stateKey),
                ]
            }
            all += StateChangeRow.apply(last.map(\.0), in: last.map(\.1))
        }
        let (memberships, membershipShards) = gather(parts, \.memberships)
        if !memberships.isEmpty {
            let last = lastOfEach(zip(memberships, membershipShards)) { row, _ in [row.room.text, row.user.text] }
            all += MembershipRow.apply(last.map(\.0), in: last.map(\.1))
        }
        let (history, historyShards) = gather(parts, \.history)
        if !history.isEmpty { all.append(MembershipHistoryRow.insert(history, in: historyShards)) }
        return all
    }

    private static func userStatements(of parts: [CommitRows]) -> [PostgresStatement] {
        var all: [PostgresStatement] = []
        let (receipts, receiptShards) = gather(parts, \.receipts)
        if !receipts.isEmpty {
            let ascending = zip(receipts, receiptShards).sorted {
                ($0.0.eventPosition, $0.0.position) < ($1.0.eventPosition, $1.0.position)
            }
            let furthest = lastOfEach(ascending) { row, _ in
                [row.room.text, row.user.text, ByteOrderedText(row.type), ByteOrderedText(row.thread)]
            }
            all.append(ReceiptRow.upsert(furthest.map(\.0), in: furthest.map(\.1)))
        }
        let forgotten = parts.flatMap(\.forgotten)
        if !forgotten.isEmpty {
            all.append(ForgottenRoomRow.upsert(lastOfEach(forgotten, by: { [$0.user.text, $0.room.text] })))
        }
        let (accountData, accountDataShards) = gather(parts, \.accountData)
        if !accountData.isEmpty {
            let last = lastOfEach(zip(accountData, accountDataShards)) { row, _ in
                [row.user.text, ByteOrderedText(row.room?.rawValue ?? ""), ByteOrderedText(row.type)]
            }
            all.append(AccountDataRow.upsert(last.map(\.0), in: last.map(\.1)))
        }
        let (subscriptions, subscriptionShards) = gather(parts, \.threadSubscriptions)
        if !subscriptions.isEmpty {
            // What the user chose goes before what comes by itself.
            let ascending =
                zip(subscriptions, subscriptionShards).filter { $0.0.state == .automatic }
                + zip(subscriptions, subscriptionShards).filter { $0.0.state != .automatic }
            let last = lastOfEach(ascending) { row, _ in
                [row.user.text, row.room.text, row.root.text]
            }
            all.append(ThreadSubscriptionRow.upsert(last.map(\.0), in: last.map(\.1)))
        }
        let (toDevice, toDeviceShards) = gather(parts, \.toDevice)
        if !toDevice.isEmpty { all.append(ToDeviceRow.insert(toDevice, in: toDeviceShards)) }
        let deletions = parts.flatMap(\.toDeviceDeletions)
        if !deletions.isEmpty { all.append(ToDeviceDeletion.delete(deletions)) }
        let trims = parts.flatMap(\.toDeviceTrims)
        if !trims.isEmpty { all.append(ToDeviceTrim.delete(lastOfEach(trims) { [$0.user.text, $0.device.text] })) }
        return all
    }

    /// The rows of all parts with the shard of each.
    static func gather<Row>(
        _ parts: [CommitRows], _ rows: (CommitRows) -> [Row]
    ) -> (rows: [Row], shards: [ShardID]) {
        var all: [Row] = []
        var shards: [ShardID] = []
        for part in parts {
            let own = rows(part)
            all += own
            shards += repeatElement(part.shard, count: own.count)
        }
        return (all, shards)
    }

    static func lastOfEach<Row, Key: Hashable>(_ rows: some Sequence<Row>, by key: (Row) -> Key) -> [Row] {
        var last: [Key: Row] = [:]
        for row in rows { last[key(row)] = row }
        return Array(last.values)
    }
}
