import CanonicalJSON
import Crypto
import FoundationEssentials
import Identifiers
import Logging
import MatrixHTTP
import OutboundHTTP
import Storage
import WorkerContracts

/// What links lead to: looked at once for all who ask, and remembered for some hours.
struct LinkPreviews: Sendable {
    /// How long a preview is served before the link is looked at again.
    static let life = Duration.seconds(6 * 3_600)
    /// Pages of one server looked at at once, by one worker.
    static let perHostMax = 4

    /// Off: nobody's links are looked at.
    let isOn: Bool
    let store: PreviewStore
    let visitor: PageVisitor
    let pictures: PreviewPictures
    let rates: RateLimits
    let clock: WallClock
    let logger: Logger
    private let visits = SingleFlight<WebURL, [UInt8]>()
    private let places = KeyedPlaces<String>(perKeyMax: Self.perHostMax)

    init(
        isOn: Bool, store: PreviewStore, visitor: PageVisitor, pictures: PreviewPictures, rates: RateLimits,
        clock: WallClock, logger: Logger
    ) {
        self.isOn = isOn
        self.store = store
        self.visitor = visitor
        self.pictures = pictures
        self.rates = rates
        self.clock = clock
        self.logger = logger
    }

    func answer(to request: UserRequest) async throws -> JSONBytes {
        guard isOn else { throw MatrixError.unrecognized() }
        guard let text = request.query("url") else { throw MatrixError.missingParam("'url' is missing.") }
        _ = try request.queryInteger("ts")
        guard let url = WebURL(text) else { throw MatrixError.invalidParam("'url' is no address of a web page.") }
        let hash = Array(SHA256.hash(data: Array(url.text.utf8)))
        if let known = try await store.fetch(hash, at: clock.now()) { return JSONBytes(known) }
        try await rates.demand(.previews, of: request.caller.rawValue)
        do {
            let made = try await visits.value(of: url) {
                let preview = try await places.withPlace(of: url.host) { try await look(at: url) }.bytes()
                try await store.upsert(hash, preview, expiresAt: clock.now().advanced(by: Self.life))
                return preview
            }
            return JSONBytes(made)
        } catch let failure as PageFailure {
            logger.debug("link not looked at", metadata: ["host": "\(url.host)", "why": "\(failure)"])
            // Whether a network of ours is behind it is nobody's business.
            throw MatrixError(status: 502, errcode: "M_UNKNOWN", message: "The page cannot be looked at.")
        }
    }

    private func look(at url: WebURL) async throws -> JSONObject {
        let page = try await visitor.open(url)
        switch page.mediaType {
        case "text/html", "application/xhtml+xml":
            let facts = PageFacts(of: try await visitor.text(of: page))
            var preview = OpenGraph.preview(of: facts)
            if let oembed = try await embedded(facts, on: page.url) {
                for member in oembed.members where preview[member.key] == nil { preview[member.key] = member.value }
            }
            return await withPicture(preview, on: page.url)
        case let type where type.hasPrefix("image/"):
            guard let picture = try await pictures.keep(page) else { return [:] }
            return OpenGraph.preview(of: picture)
        default:
            page.body.cancel()
            return [:]
        }
    }

    /// What the page's oEmbed description says; a page without one, or with a bad one, is shown without it.
    private func embedded(_ facts: PageFacts, on page: WebURL) async throws -> JSONObject? {
        guard let url = facts.oembed.flatMap({ page.resolving($0) }) else { return nil }
        do {
            let described = try await visitor.open(url)
            guard described.mediaType.hasSuffix("json") else {
                described.body.cancel()
                return nil
            }
            let text = try await visitor.text(of: described)
            return OpenGraph.preview(of: try JSONDecoder().decode(EmbeddedPage.self, from: Data(text.utf8)))
        } catch is PageFailure {
            return nil
        } catch is DecodingError {
            return nil
        }
    }

    /// Puts the picture's address here in the place of its address there.
    private func withPicture(_ preview: JSONObject, on page: WebURL) async -> JSONObject {
        var preview = preview
        let address = preview["og:image"]?.stringValue.flatMap { page.resolving($0) }
        for key in OpenGraph.pictureKeys { preview[key] = nil }
        guard let address else { return preview }
        do {
            guard let picture = try await pictures.keep(try await visitor.open(address)) else { return preview }
            for member in OpenGraph.preview(of: picture).members { preview[member.key] = member.value }
        } catch {
            // The page is worth showing without its picture.
            logger.debug("picture not looked at", metadata: ["host": "\(address.host)", "why": "\(error)"])
        }
        return preview
    }
}
