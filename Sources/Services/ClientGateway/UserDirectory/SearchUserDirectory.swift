import CanonicalJSON
import HTTPServer
import Identifiers
import MatrixHTTP
import Storage

/// Searches for users: `POST /_matrix/client/v3/user_directory/search` (spec v1.19, "User directory").
struct SearchUserDirectory: Endpoint {
    static let route = Route.client(.post, "/_matrix/client/v3/user_directory/search", cost: .read)
    static let limitDefault = 10
    /// The most users of an answer.
    static let limitMax = 50

    let users: UserSearchStore

    /// - Throws: `M_MISSING_PARAM`, `M_BAD_JSON`, `M_INVALID_PARAM` for a limit below one.
    func respond(to request: UserRequest) async throws -> JSONObject {
        let body = BodyFields(try request.jsonBody())
        let term = try body.requiredString("search_term")
        let limit = try body.int("limit") ?? Int64(Self.limitDefault)
        guard limit > 0 else { throw MatrixError.invalidParam("'limit' is at least 1.") }
        let most = Int(min(limit, Int64(Self.limitMax)))
        let found = try await search(term, atLeast: most + 1, for: request.caller)
        return [
            "results": .array(found.prefix(most).map(Self.json)), "limited": .bool(found.count > most),
        ]
    }

    /// The users the caller may find, at least `count` when there are so many.
    private func search(_ term: String, atLeast count: Int, for caller: UserID) async throws -> [FoundUser] {
        let words = SearchWords.searched(Self.withoutServer(term))
        // The longest leaves the fewest to look at.
        guard let longest = words.max(by: { $0.utf8.count < $1.utf8.count }) else { return [] }
        let candidates = try await users.candidates(prefix: longest).filter { candidate in
            let own = SearchWords.indexed(candidate.displayName ?? "") + SearchWords.indexed(candidate.user.localpart)
            return candidate.user != caller && SearchWords.matches(words, in: own)
        }
        var found: [FoundUser] = []
        for start in stride(from: 0, to: candidates.count, by: UserSearchStore.visibleMax) where found.count < count {
            let part = candidates[start..<min(start + UserSearchStore.visibleMax, candidates.count)]
            let visible = try await users.visible(part.map(\.user), to: caller)
            found += part.filter { visible.contains($0.user) }
        }
        // Those who have said who they are come first.
        return found.filter { $0.displayName != nil } + found.filter { $0.displayName == nil }
    }

    /// What a whole user ID is searched by.
    private static func withoutServer(_ term: String) -> String {
        guard term.utf8.first == UInt8(ascii: "@") else { return term }
        return String(term.prefix { $0 != ":" })
    }

    private static func json(_ user: FoundUser) -> JSONValue {
        var object: JSONObject = ["user_id": .string(user.user.rawValue)]
        object["display_name"] = user.displayName.map(JSONValue.string)
        object["avatar_url"] = user.avatarURL.map(JSONValue.string)
        return .object(object)
    }
}
