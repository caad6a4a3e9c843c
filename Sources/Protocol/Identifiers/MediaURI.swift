/// Where a file is: `mxc://server/mediaID` (spec v1.19, client-server API, "Matrix Content (mxc://) URIs").
public struct MediaURI: Hashable, Sendable, CustomStringConvertible {
    /// The server it was uploaded to.
    public let origin: ServerName
    public let id: MediaID

    public init(origin: ServerName, id: MediaID) {
        self.origin = origin
        self.id = id
    }

    /// Parses `mxc://server/mediaID`; `nil` for anything else.
    public init?(_ text: String) {
        let scheme = "mxc://"
        guard text.utf8.starts(with: scheme.utf8) else { return nil }
        let parts = text.dropFirst(scheme.count).split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let origin = ServerName(String(parts[0])), let id = MediaID(String(parts[1])) else {
            return nil
        }
        self.init(origin: origin, id: id)
    }

    public var description: String { "mxc://\(origin)/\(id)" }
}
