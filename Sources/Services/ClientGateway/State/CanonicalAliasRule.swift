import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage

/// Checks the aliases a new `m.room.canonical_alias` lists: those it adds must point to its room (spec v1.19).
struct CanonicalAliasRule: Sendable {
    /// The most aliases one event lists.
    static let aliasesMax = 100

    let aliases: AliasStore
    let access: RoomAccess

    /// - Throws: `M_INVALID_PARAM` for text that is no alias, `M_BAD_ALIAS` for one that does not point to `room`.
    func check(_ content: JSONObject, in room: RoomID) async throws {
        let listed = try Self.listed(in: content)
        guard !listed.isEmpty else { return }
        guard listed.count <= Self.aliasesMax else {
            throw MatrixError.invalidParam("One event lists at most \(Self.aliasesMax) aliases.")
        }
        let current = try await access.currentContent("m.room.canonical_alias", "", in: room) ?? JSONObject()
        let known = Set(Self.texts(in: current).map(ByteOrderedText.init))
        for alias in listed where !known.contains(alias.text) {
            guard try await aliases.fetch(alias)?.room == room else {
                throw MatrixError(
                    status: 400, errcode: "M_BAD_ALIAS", message: "\(alias) does not point to this room.")
            }
        }
    }

    private static func listed(in content: JSONObject) throws -> [RoomAlias] {
        let body = BodyFields(content)
        var listed = try body.identifiers("alt_aliases", as: RoomAlias.self) ?? []
        // An empty alias means none.
        if let alias = try body.string("alias"), !alias.isEmpty {
            guard let parsed = RoomAlias(alias) else { throw MatrixError.invalidParam("'alias' is not a valid alias.") }
            listed.append(parsed)
        }
        return listed
    }

    private static func texts(in content: JSONObject) -> [String] {
        [content["alias"]].compactMap { $0?.stringValue }
            + (content["alt_aliases"]?.arrayValue ?? []).compactMap(\.stringValue)
    }
}
