import HTTPServer
import Identifiers
import MatrixHTTP
import Storage
import WorkerContracts

// Two devices of one person, one of them not logged in yet, leave messages for each other here, each in place of the one
// before. What they say is encrypted between them; whoever knows the place may read and overwrite it, so a place cannot be
// guessed, lasts for minutes, and holds little.

/// Keeps meeting places of devices, in whichever form they are asked for (MSC4108, MSC4388).
struct MeetingPlaces: Sendable {
    /// How long a place lasts.
    static let life = Duration.seconds(300)
    private static let idLength = 32

    let store: RendezvousStore
    let rates: RateLimits
    /// Whether only who is logged in may make one.
    let needsLogin: Bool
    let baseURL: String
    let clock: WallClock

    /// Whether the caller may make a place.
    func isOpen(to request: MaybeUserRequest) -> Bool { !needsLogin || request.user != nil }

    /// Makes a place that holds `payload`.
    ///
    /// - Throws: `M_FORBIDDEN`, `M_LIMIT_EXCEEDED` also when there are too many of them all, `M_TOO_LARGE`.
    func make(
        _ payload: [UInt8], _ form: RendezvousSession.Form, _ request: MaybeUserRequest
    ) async throws -> (id: String, session: RendezvousSession) {
        guard isOpen(to: request) else { throw MatrixError.forbidden("Only who is logged in may begin.") }
        try Self.check(payload)
        try await rates.demand(.rendezvous, from: request.clientAddress)
        let now = clock.now()
        let id = SecureRandom.text(Self.idLength, of: SecureRandom.letters)
        let session = RendezvousSession(
            payload: payload, revision: Self.revision(), modifiedAt: now, expiresAt: now.advanced(by: Self.life))
        guard try await store.insert(session, as: id, form) else {
            throw MatrixError.limitExceeded(retryAfter: .seconds(30))
        }
        return (id, session)
    }

    /// The place in the path as it is.
    ///
    /// - Throws: `M_NOT_FOUND` when there is none, or no longer; `M_FORBIDDEN` for a browser that would show it.
    func read(_ form: RendezvousSession.Form, _ request: PublicRequest) async throws -> RendezvousSession {
        try Self.refusePages(request)
        guard let session = try await store.fetch(try Self.id(request), form, at: clock.now()) else {
            throw Self.notFound
        }
        return session
    }

    /// Replaces what the place in the path holds.
    ///
    /// - Throws: `M_NOT_FOUND`, `M_TOO_LARGE`.
    func write(
        _ payload: [UInt8], over revision: String, _ form: RendezvousSession.Form, _ request: PublicRequest
    ) async throws -> RendezvousStore.Writing {
        try Self.check(payload)
        // What no revision of ours is, is none of this place.
        let known = revision.utf8.contains(0) ? "" : revision
        let outcome = try await store.write(
            payload, over: known, as: Self.revision(), to: try Self.id(request), form, at: clock.now())
        if outcome == .unknown { throw Self.notFound }
        return outcome
    }

    /// - Throws: `M_NOT_FOUND`.
    func end(_ form: RendezvousSession.Form, _ request: PublicRequest) async throws {
        guard try await store.delete(try Self.id(request), form) else { throw Self.notFound }
    }

    /// How long `session` lasts still, in milliseconds.
    func millisecondsLeft(of session: RendezvousSession) -> Int64 {
        max(0, session.expiresAt.milliseconds - clock.now().milliseconds)
    }

    private static let notFound = MatrixError.notFound("There is no such meeting place, or no longer.")

    private static func revision() -> String { SecureRandom.text(24, of: SecureRandom.letters) }

    private static func id(_ request: PublicRequest) throws -> String {
        let id = try request.path("rendezvousId")
        guard id.utf8.count <= 64, !id.utf8.contains(0) else { throw notFound }
        return id
    }

    private static func check(_ payload: [UInt8]) throws {
        guard payload.count <= RendezvousStore.payloadBytesMax else {
            throw MatrixError.tooLarge("A message is at most \(RendezvousStore.payloadBytesMax) bytes.")
        }
    }

    /// Anybody could have put anything there: it is for programs, and not to be looked at in a browser.
    private static func refusePages(_ request: PublicRequest) throws {
        func says(_ name: String, _ value: String) -> Bool {
            request.raw.header(name).map { $0.utf8.elementsEqual(value.utf8) } ?? false
        }
        let isShown = request.raw.header("sec-fetch-dest") != nil && !says("sec-fetch-dest", "empty")
        guard !isShown, !says("sec-fetch-mode", "navigate"), !says("sec-fetch-user", "?1"),
            !says("sec-fetch-site", "none")
        else { throw MatrixError.forbidden("This is no page.") }
    }
}
