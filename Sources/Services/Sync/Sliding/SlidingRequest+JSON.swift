import CanonicalJSON
import Identifiers
import MatrixHTTP
import RoomReading
import Storage

extension SlidingRequest {
    /// Reads a request of either form.
    ///
    /// - Throws: `M_UNKNOWN_POS` for a position that was not given to this device's connection, `M_INVALID_PARAM` and
    ///   `M_BAD_JSON` for what is out of its bounds or of another type.
    init(_ request: UserRequest, as form: Form) throws {
        let json = try request.optionalJSONBody()
        let body = BodyFields(json)
        self.form = form
        viewer = Viewer(user: request.caller, device: request.device)
        connection = try Self.name(try body.string("conn_id") ?? "", "conn_id")
        let (position, timeout, presence) =
            switch form {
            case .deployed:
                (request.query("pos"), try request.queryInteger("timeout"), request.query("set_presence"))
            case .merged: (try body.string("pos"), try body.int("timeout"), try body.string("set_presence"))
            }
        guard timeout ?? 0 >= 0 else { throw MatrixError.invalidParam("'timeout' is negative.") }
        self.timeout = min(.milliseconds(timeout ?? 0), SyncRequest.timeoutMax)
        self.presence = try SyncRequest.presence(presence)
        self.position = try Self.position(position, viewer, connection)
        let reader = SlidingReader(form: form, viewer: viewer)
        let lists = try body.object("lists")?.members ?? []
        guard lists.count <= Self.listsMax else { throw MatrixError.invalidParam("There are too many lists.") }
        self.lists = try lists.map { try reader.list($0.key, $0.value) }
        let subscriptions = try body.object("room_subscriptions")?.members ?? []
        guard subscriptions.count <= Self.subscriptionsMax else {
            throw MatrixError.invalidParam("There are too many room subscriptions.")
        }
        self.subscriptions = try Dictionary(
            subscriptions.compactMap { member in
                guard let room = RoomID(member.key) else { return nil }
                return (room, try reader.config(try SlidingReader.fields(member.value, member.key)))
            }, uniquingKeysWith: { $1 })
        extensions = try reader.extensions(BodyFields(try body.object("extensions") ?? [:]))
    }

    private static func position(_ text: String?, _ viewer: Viewer, _ connection: String) throws -> SlidingToken? {
        guard let text, !text.isEmpty else { return nil }
        guard let token = SlidingToken(text), token.isBound(to: viewer, name: connection) else {
            throw MatrixError.unknownPosition
        }
        return token
    }

    fileprivate static func name(_ text: String, _ field: String) throws -> String {
        guard text.utf8.count <= nameBytesMax else { throw MatrixError.invalidParam("'\(field)' is too long.") }
        return text
    }
}

extension MatrixError {
    /// The connection is not known any more; the client begins anew.
    static var unknownPosition: MatrixError {
        MatrixError(status: 400, errcode: "M_UNKNOWN_POS", message: "The position is not known, or no longer.")
    }
}

/// Reads the parts of a request.
private struct SlidingReader {
    let form: SlidingRequest.Form
    let viewer: Viewer

    static func fields(_ value: JSONValue, _ field: String) throws -> BodyFields {
        guard let object = value.objectValue else { throw MatrixError.badJSON("'\(field)' must be an object.") }
        return BodyFields(object)
    }

    func list(_ name: String, _ value: JSONValue) throws -> SlidingList {
        let fields = try Self.fields(value, name)
        return SlidingList(
            name: try SlidingRequest.name(name, "lists"), ranges: try ranges(fields), config: try config(fields),
            filter: try filter(BodyFields(try fields.object("filters") ?? [:])))
    }

    private func ranges(_ fields: BodyFields) throws -> [ClosedRange<Int>]? {
        switch form {
        case .deployed:
            guard let ranges = try fields.array("ranges") else { return nil }
            guard ranges.count <= SlidingRequest.rangesMax else {
                throw MatrixError.invalidParam("There are too many ranges.")
            }
            return try ranges.map { try Self.range($0) }
        case .merged: return try fields.array("range").map { [try Self.range(.array($0))] }
        }
    }

    private static func range(_ value: JSONValue) throws -> ClosedRange<Int> {
        let ends = (value.arrayValue ?? []).compactMap(\.intValue).map { Int(clamping: $0) }
        guard ends.count == 2, value.arrayValue?.count == 2, ends[0] >= 0, ends[0] <= ends[1] else {
            throw MatrixError.invalidParam("A range is two numbers, the lower one first.")
        }
        return ends[0]...ends[1]
    }

    func config(_ fields: BodyFields) throws -> RoomConfig {
        guard let limit = try fields.int("timeline_limit") else {
            throw MatrixError.missingParam("'timeline_limit' is missing.")
        }
        guard limit >= 0 else { throw MatrixError.invalidParam("'timeline_limit' is negative.") }
        return RoomConfig(
            timelineLimit: min(Int(clamping: limit), SyncFilter.timelineLimitMax), state: try requiredState(fields))
    }

    // MARK: State

    private func requiredState(_ fields: BodyFields) throws -> RequiredState {
        switch form {
        case .deployed: return try deployedState(try fields.array("required_state") ?? [])
        case .merged:
            let state = BodyFields(try fields.object("required_state") ?? [:])
            return RequiredState([
                .init(
                    include: try elements(try state.array("include")),
                    exclude: try elements(try state.array("exclude")),
                    lazyMembers: try state.bool("lazy_members") ?? false)
            ])
        }
    }

    /// Pairs of type and state key, with `*` for any, `$LAZY` for members that are needed and `$ME` for the caller.
    private func deployedState(_ pairs: [JSONValue]) throws -> RequiredState {
        try Self.check(pairs)
        var rule = RequiredState.Rule(include: [], exclude: [], lazyMembers: false)
        for pair in pairs {
            let texts = (pair.arrayValue ?? []).compactMap(\.stringValue)
            guard texts.count == 2 else { throw MatrixError.badJSON("'required_state' is a list of pairs of strings.") }
            if ByteOrderedText(texts[0]) == "m.room.member", ByteOrderedText(texts[1]) == "$LAZY" {
                rule.lazyMembers = true
                continue
            }
            let key = ByteOrderedText(texts[1]) == "$ME" ? viewer.user.rawValue : texts[1]
            func wildcard(_ text: String) -> ByteOrderedText? {
                text.utf8.elementsEqual("*".utf8) ? nil : ByteOrderedText(text)
            }
            rule.include.append(.init(type: wildcard(texts[0]), stateKey: wildcard(key)))
        }
        return RequiredState([rule])
    }

    private func elements(_ values: [JSONValue]?) throws -> [RequiredState.Element] {
        try Self.check(values ?? [])
        return try (values ?? []).map { value in
            let fields = try Self.fields(value, "required_state")
            _ = (try fields.string("type"), try fields.string("state_key"))
            return RequiredState.Element(value)
        }
    }

    private static func check(_ values: [JSONValue]) throws {
        guard values.count <= RequiredState.elementsMax else {
            throw MatrixError.invalidParam("'required_state' has too many elements.")
        }
    }

    // MARK: Filters

    private func filter(_ fields: BodyFields) throws -> SlidingFilter {
        var filter = SlidingFilter()
        filter.isDirect = try fields.bool("is_dm")
        filter.spaces = try fields.identifiers("spaces", as: RoomID.self)
        filter.isEncrypted = try fields.bool("is_encrypted")
        filter.isInvited = try fields.bool(form == .deployed ? "is_invite" : "is_invited")
        filter.types = try types(try fields.array("room_types"))
        filter.notTypes = try types(try fields.array("not_room_types")) ?? []
        filter.tags = try types(try fields.array("tags"))?.compactMap { $0 }
        filter.notTags = try types(try fields.array("not_tags"))?.compactMap { $0 } ?? []
        guard filter.spaces?.count ?? 0 <= SlidingFilter.valuesMax else {
            throw MatrixError.invalidParam("There are too many spaces.")
        }
        return filter
    }

    private func types(_ values: [JSONValue]?) throws -> [ByteOrderedText?]? {
        guard let values else { return nil }
        guard values.count <= SlidingFilter.valuesMax else {
            throw MatrixError.invalidParam("A filter has too many values.")
        }
        return try values.map { value in
            guard value.isNull || value.stringValue != nil else {
                throw MatrixError.badJSON("Filters are lists of strings.")
            }
            return value.stringValue.map { ByteOrderedText($0) }
        }
    }

    // MARK: Extensions

    func extensions(_ fields: BodyFields) throws -> SlidingExtensions {
        var extensions = SlidingExtensions()
        if let toDevice = try enabled("to_device", fields) {
            let since = try toDevice.string("since")
            guard since == nil || since.flatMap({ Int64($0) }).map({ $0 >= 0 }) ?? false else {
                throw MatrixError.invalidParam("'since' of to_device is not of this server.")
            }
            let limit = try toDevice.int("limit").map { Int(clamping: max(1, $0)) } ?? ToDeviceStore.messagesMax
            extensions.toDevice = .init(
                since: since.flatMap { Int64($0) }, limit: min(limit, ToDeviceStore.messagesMax))
        }
        extensions.sticky = try enabled(SlidingStickyComposer.name, fields).map(sticky)
        extensions.threads = try enabled(SlidingThreads.name, fields).map { fields in
            let limit = try fields.int("limit").map { Int(clamping: max(1, $0)) } ?? SlidingExtensions.threadsDefault
            return min(limit, SlidingExtensions.threadsMax)
        }
        extensions.hasEncryption = try enabled("e2ee", fields) != nil
        extensions.accountData = try scope("account_data", fields)
        extensions.receipts = try scope("receipts", fields)
        extensions.typing = try scope("typing", fields)
        return extensions
    }

    private func sticky(_ fields: BodyFields) throws -> SlidingExtensions.Sticky {
        let since = try fields.string("since").map { text in
            guard let token = StickyToken(text) else {
                throw MatrixError.invalidParam("'since' of \(SlidingStickyComposer.name) is not of this server.")
            }
            return token
        }
        let limit = try fields.int("limit").map { Int(clamping: max(1, $0)) } ?? SlidingExtensions.Sticky.limitDefault
        return .init(since: since, limit: min(limit, SlidingExtensions.Sticky.limitMax))
    }

    private func enabled(_ name: String, _ fields: BodyFields) throws -> BodyFields? {
        guard let object = try fields.object(name), try BodyFields(object).bool("enabled") ?? false else { return nil }
        return BodyFields(object)
    }

    private func scope(_ name: String, _ fields: BodyFields) throws -> SlidingExtensions.Scope? {
        guard let fields = try enabled(name, fields) else { return nil }
        func texts(_ field: String) throws -> [String]? {
            let texts = try fields.array(field)?.compactMap(\.stringValue)
            return texts.flatMap { $0.contains { $0.utf8.elementsEqual("*".utf8) } ? nil : $0 }
        }
        return .init(lists: try texts("lists"), rooms: try texts("rooms").map { Set($0.compactMap { RoomID($0) }) })
    }
}
