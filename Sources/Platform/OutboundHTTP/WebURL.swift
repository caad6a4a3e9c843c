import CLibCurl

/// An absolute `http:` or `https:` address.
///
/// libcurl takes it apart, which also sends the request: what is checked here and what is asked there are the same.
public struct WebURL: Sendable, Hashable, CustomStringConvertible {
    /// The longest address, in bytes.
    public static let bytesMax = 4_096

    /// Normalised and encoded, without a fragment.
    public let text: String
    /// In small letters.
    public let scheme: String
    public let host: String
    public let port: Int

    /// Parses an address; `nil` for another scheme, a user or password, and what is no address.
    public init?(_ text: String) {
        self.init(text, relativeTo: nil)
    }

    /// What `reference` means on the page at this address; `nil` when that is no web page.
    public func resolving(_ reference: String) -> WebURL? { WebURL(reference, relativeTo: self.text) }

    private init?(_ text: String, relativeTo base: String?) {
        guard text.utf8.count <= Self.bytesMax, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }),
            let handle = curl_url()
        else { return nil }
        defer { curl_url_cleanup(handle) }
        if let base { guard curl_url_set(handle, CURLUPART_URL, base, 0) == CURLUE_OK else { return nil } }
        let flags = UInt32(CURLU_URLENCODE | CURLU_DISALLOW_USER)
        guard curl_url_set(handle, CURLUPART_URL, text, flags) == CURLUE_OK,
            curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0) == CURLUE_OK,
            let scheme = Self.part(CURLUPART_SCHEME, of: handle)?.lowercased(),
            scheme.utf8.elementsEqual("http".utf8) || scheme.utf8.elementsEqual("https".utf8),
            let host = Self.part(CURLUPART_HOST, of: handle)?.lowercased(), !host.isEmpty,
            let port = Self.part(CURLUPART_PORT, of: handle, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) }),
            let whole = Self.part(CURLUPART_URL, of: handle), whole.utf8.count <= Self.bytesMax
        else { return nil }
        self.text = whole
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }

    public var description: String { text }

    public static func == (left: WebURL, right: WebURL) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
    public func hash(into hasher: inout Hasher) { hasher.combine(Array(text.utf8)) }
}
