import CanonicalJSON
import Foundation
import OutboundHTTP
import Testing

/// A browser as far as the pages need one: it keeps cookies, fills forms in, and does not follow redirects by itself.
final class Browser {
    struct Page {
        let status: Int
        let text: String
        let head: HTTPResponseHead

        /// Where a redirect leads.
        var location: String? { head.header("location") }

        /// The hidden fields of the page's first form that leads to `action`.
        func fields(of action: String) throws -> [(name: String, value: String)] {
            let start = try #require(text.range(of: "action=\"\(action)\""), "no form leads to \(action): \(text)")
            let end = try #require(text.range(of: "</form>", range: start.upperBound..<text.endIndex))
            let form = text[start.upperBound..<end.lowerBound]
            return form.matches(of: /<input type="hidden" name="([^"]*)" value="([^"]*)">/).map {
                (String($0.1), Browser.unescaped(String($0.2)))
            }
        }
    }

    let gateway: Gateway
    var cookies: [String: String] = [:]

    init(_ gateway: Gateway) { self.gateway = gateway }

    func get(_ path: String) async throws -> Page { try await send("GET", path, form: nil) }

    /// Sends the form of `page` that leads to `action`, with what a person types.
    func submit(_ page: Page, _ action: String, _ typed: [(name: String, value: String)] = []) async throws -> Page {
        try await post(action, try page.fields(of: action) + typed)
    }

    func post(_ action: String, _ fields: [(name: String, value: String)]) async throws -> Page {
        let form = fields.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
        return try await send("POST", action, form: form)
    }

    private func send(_ method: String, _ path: String, form: String?) async throws -> Page {
        let header = cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")
        let answer = try await gateway.page(
            method, path, form: form, headers: header.isEmpty ? [] : [("Cookie", header)])
        for (name, value) in answer.head.headers where name == "set-cookie" {
            let pair = value.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            cookies[String(pair[0])] = String(pair[1])
            #expect(value.contains("HttpOnly"))
            #expect(value.contains("SameSite=Lax"))
            #expect(value.contains("Secure"))
        }
        return Page(status: answer.status, text: answer.text, head: answer.head)
    }

    /// Logs in on the page that asks for it; answers where it leads.
    func logIn(_ page: Page, _ name: String = "anna", _ password: String = "secret") async throws -> Page {
        try await submit(page, "/oauth2/login", [("name", name), ("password", password)])
    }

    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }

    private static func unescaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&lt;", with: "<").replacingOccurrences(of: "&gt;", with: ">")
            .replacingOccurrences(of: "&quot;", with: "\"").replacingOccurrences(of: "&#39;", with: "'")
            .replacingOccurrences(of: "&amp;", with: "&")
    }
}
