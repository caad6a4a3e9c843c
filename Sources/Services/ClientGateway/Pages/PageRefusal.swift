import HTTPServer
import MatrixHTTP

/// A refusal that a person reads.
struct PageRefusal: HTTPAnswerable {
    let page: HTMLPage

    init(_ page: HTMLPage) { self.page = page }

    init(_ problem: String, status: Int = 400) {
        self.init(HTMLPage(status: status, title: "This cannot go on", body: HTML.problem(problem)))
    }

    static let noProvider = PageRefusal("Nobody logs in this way here.", status: 404)

    var answer: HTTPAnswer { page.httpAnswer }

    /// Does `work`, and lets a person read what the server cannot do just now.
    static func translating<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as MatrixError where error.status == 429 || error.status == 503 {
            let problem = error.status == 429 ? LoginPages.tooOften : error.message ?? "Try again later."
            throw PageRefusal(problem, status: error.status)
        }
    }
}
