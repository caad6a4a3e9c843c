import CanonicalJSON

/// A page's description in oEmbed's form (oembed.com, 2.3.4), as far as it is shown.
struct EmbeddedPage: Decodable {
    var type: String?
    var title: String?
    var authorName: String?
    var providerName: String?
    var thumbnailURL: String?
    /// Of a photo.
    var url: String?

    private enum CodingKeys: String, CodingKey {
        case type, title, url
        case authorName = "author_name"
        case providerName = "provider_name"
        case thumbnailURL = "thumbnail_url"
    }
}

/// Previews in the words of the Open Graph protocol, as the spec wants them.
enum OpenGraph {
    /// The longest value, in bytes.
    static let valueBytesMax = 2_000
    /// What is said of a page's own picture; ours takes its place.
    static let pictureKeys = [
        "og:image", "og:image:url", "og:image:secure_url", "og:image:type", "og:image:width", "og:image:height",
        "matrix:image:size",
    ]
    /// What is passed on of what a page says of itself.
    private static let keys = [
        "og:title", "og:description", "og:site_name", "og:type", "og:url", "og:locale", "og:image", "og:image:alt",
        "og:video:type", "article:published_time", "article:author",
    ]

    /// What a page says of itself, or what can be seen of it.
    static func preview(of facts: PageFacts) -> JSONObject {
        var preview = JSONObject()
        for key in keys { set(key, facts.metas[key], in: &preview) }
        // The first that says something.
        for image in ["og:image:url", "og:image:secure_url", "twitter:image"] {
            set("og:image", facts.metas[image], in: &preview)
        }
        for title in [facts.metas["twitter:title"], facts.title, facts.heading] { set("og:title", title, in: &preview) }
        for text in [facts.metas["twitter:description"], facts.metas["description"], facts.opening] {
            set("og:description", text, in: &preview)
        }
        return preview
    }

    /// What a description in oEmbed's form says.
    static func preview(of page: EmbeddedPage) -> JSONObject {
        var preview = JSONObject()
        set("og:title", page.title ?? page.authorName, in: &preview)
        set("og:site_name", page.providerName, in: &preview)
        let isPhoto = page.type?.utf8.elementsEqual("photo".utf8) ?? false
        set("og:image", isPhoto ? page.url : page.thumbnailURL, in: &preview)
        return preview
    }

    /// A picture that is kept here.
    static func preview(of picture: PreviewPicture) -> JSONObject {
        [
            "og:image": .string(picture.uri.description), "og:image:type": .string(picture.size.type),
            "og:image:width": .int(Int64(picture.size.width)), "og:image:height": .int(Int64(picture.size.height)),
            "matrix:image:size": .int(picture.byteCount),
        ]
    }

    /// Sets what is not set yet and says something.
    private static func set(_ key: String, _ value: String?, in preview: inout JSONObject) {
        guard preview[key] == nil, let value else { return }
        let words = value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard !words.isEmpty else { return }
        preview[key] = .string(cut(words))
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > valueBytesMax else { return text }
        var cut = ""
        for character in text {
            guard cut.utf8.count + character.utf8.count <= valueBytesMax else { break }
            cut.append(character)
        }
        return cut
    }
}
