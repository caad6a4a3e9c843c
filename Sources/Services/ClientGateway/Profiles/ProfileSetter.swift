import CanonicalJSON
import Identifiers
import MatrixHTTP
import Storage

/// Changes profiles, and shows the change in the rooms the user is in.
struct ProfileSetter: Sendable {
    let profiles: ProfileStore
    let search: UserSearchStore
    let spreader: ProfileSpreader

    /// Stores or (with `nil`) removes one field, without telling any room.
    ///
    /// - Throws: `M_PROFILE_TOO_LARGE`.
    func store(_ name: String, _ value: JSONValue?, of user: UserID) async throws {
        if let value {
            guard try await profiles.set(name, to: value, of: user) == .stored else {
                throw MatrixError(
                    status: 400, errcode: "M_PROFILE_TOO_LARGE",
                    message: "A profile is at most \(ProfileStore.bytesMax) bytes.")
            }
        } else {
            try await profiles.delete(name, of: user)
        }
        if name == "displayname" {
            try await search.index(user, by: SearchWords.indexed(value?.stringValue ?? ""))
        }
    }

    /// Stores or removes one field and has the user's member events say so, in the first rooms at once.
    func set(_ key: ProfileKey, to value: JSONValue?, of user: UserID) async throws {
        try await store(key.name, value, of: user)
        if key.isInMemberEvents { try await spreader.spread(user) }
    }
}
