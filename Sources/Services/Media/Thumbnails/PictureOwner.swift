import Identifiers
import Storage

/// Whose pictures are looked into: nobody's keep those of others waiting.
package enum PictureOwner: Sendable, Hashable {
    /// Who uploaded them here.
    case user(UserID)
    /// Where they were fetched from.
    case server(ServerName)
    /// The host of a web page that shows them.
    case site(String)
    /// Pictures of web pages that were looked at before.
    case previews

    init(of media: StoredMedia) {
        switch (media.kind, media.user) {
        case (.preview, _): self = .previews
        case (.uploaded, let user?): self = .user(user)
        case (.uploaded, nil), (.remote, _): self = .server(media.uri.origin)
        }
    }
}
