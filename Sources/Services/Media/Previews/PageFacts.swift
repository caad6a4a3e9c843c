/// What a page says of itself, and what can be seen at its beginning.
package struct PageFacts: Sendable, Equatable {
    /// Of the heading, and of the first paragraphs, no text is added once there are this many bytes.
    static let seenBytesMax = 500
    /// The most things a page says of itself that are kept.
    static let metasMax = 100

    /// By property or name, in small letters; of several the first.
    package private(set) var metas: [String: String] = [:]
    package private(set) var title: String?
    /// The first heading.
    package private(set) var heading: String?
    /// The first paragraphs.
    package private(set) var opening: String?
    /// Where the page is described in oEmbed's form.
    package private(set) var oembed: String?
    private var headingIsOver = false

    package init(of html: String) {
        var open: String?
        /// The part that is open whose text is not the page's.
        var hidden: String?
        for token in HTMLTokens(html) {
            switch token {
            case .start(let name, let attributes):
                note(name, attributes)
                if Self.asides.contains(name) { hidden = hidden ?? name }
                if ["title", "h1", "p"].contains(name) {
                    open = name
                    if opening != nil { note(" ", in: "p") }
                } else if Self.unseen.contains(name) {
                    open = nil
                }
            case .end(let name):
                if let current = open, name.utf8.elementsEqual(current.utf8) {
                    headingIsOver = headingIsOver || open == "h1" && Self.isVisible(heading)
                    open = nil
                }
                if let current = hidden, name.utf8.elementsEqual(current.utf8) { hidden = nil }
            case .text(let text):
                if let open, hidden == nil { note(text, in: open) }
            }
        }
    }

    /// What is about the site, not the page.
    private static let asides: Set<String> = ["nav", "footer", "aside", "template"]
    /// Elements whose text is not for reading; they end a paragraph.
    private static let unseen: Set<String> = [
        "script", "style", "noscript", "iframe", "textarea", "form", "button", "svg",
    ]

    private mutating func note(_ name: String, _ attributes: [String: String]) {
        switch name {
        case "meta":
            guard let key = (attributes["property"] ?? attributes["name"])?.lowercased(),
                let content = attributes["content"], metas.count < Self.metasMax, metas[key] == nil
            else { return }
            metas[key] = content
        case "link":
            let isOEmbed = attributes["type"]?.lowercased() == "application/json+oembed"
            if isOEmbed, oembed == nil { oembed = attributes["href"] }
        default: return
        }
    }

    private mutating func note(_ text: String, in element: String) {
        switch element {
        case "title": if title == nil, Self.isVisible(text) { title = text }
        case "h1": if !headingIsOver { Self.add(text, to: &heading) }
        default: Self.add(text, to: &opening)
        }
    }

    private static func add(_ text: String, to seen: inout String?) {
        guard let known = seen else { return seen = text }
        if known.utf8.count < seenBytesMax { seen = known + text }
    }

    private static func isVisible(_ text: String?) -> Bool { text?.contains { !$0.isWhitespace } ?? false }
}
