import OutboundHTTP

// Links come from strangers, and so does every address a page points to: a redirect, a description, a picture. All of them
// go through one client, which judges the address of each socket when it opens it; so whatever a name meant a moment ago,
// and however an address is written, nothing but the public internet is asked.

/// Why a page was not looked at.
package enum PageFailure: Error, Equatable, Sendable {
    /// It, or where it redirects to, is in a network that nobody may look into.
    case denied
    /// Its server does not answer, or not with a page.
    case unreachable
    /// It redirects on and on, or to what is no web page.
    case badRedirect
}

/// A page whose first byte is there.
package struct OpenedPage: Sendable {
    /// Where it was in the end.
    package let url: WebURL
    package let head: HTTPResponseHead
    package let body: HTTPBodyStream

    /// The content type without its parameters, in small letters.
    package var mediaType: String {
        (head.header("content-type") ?? "").prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
    }
}

/// Looks at pages in the name of users.
package struct PageVisitor: Sendable {
    static let redirectsMax = 5
    /// The longest a server may take to begin its answer.
    static let answerMax = Duration.seconds(10)
    /// The longest it may pause in it.
    static let stallMax = Duration.seconds(10)
    /// What is read of a page, in bytes; what matters is at its beginning.
    package static let textBytesMax = 512 << 10
    /// Transfers under way, of one worker.
    static let transfersMax = 128

    private let client: HTTPClient

    /// - Parameter allowedNetworks: what may be asked although it is not public.
    package init(allowedNetworks: [IPNetwork]) {
        var configuration = HTTPClient.Configuration()
        configuration.addressPolicy = allowedNetworks.isEmpty ? .publicOnly : .publicAnd(allowedNetworks)
        configuration.transfersMax = Self.transfersMax
        client = HTTPClient(configuration: configuration)
    }

    /// Asks for a page and follows where it leads.
    ///
    /// - Throws: ``PageFailure``.
    package func open(_ url: WebURL) async throws -> OpenedPage {
        var url = url
        for _ in 0...Self.redirectsMax {
            let response = try await ask(url)
            switch response.status {
            case 200: return OpenedPage(url: url, head: response.head, body: response.body)
            case 301, 302, 303, 307, 308:
                response.body.cancel()
                guard let next = response.head.header("location").flatMap({ url.resolving($0) }) else {
                    throw PageFailure.badRedirect
                }
                url = next
            default:
                response.body.cancel()
                throw PageFailure.unreachable
            }
        }
        throw PageFailure.badRedirect
    }

    private func ask(_ url: WebURL) async throws -> HTTPStreamingResponse {
        var request = HTTPRequest(
            method: "GET", url: url.text,
            headers: [
                ("User-Agent", "Apus (link previews; a bot)"), ("Accept", "text/html, image/*, application/json"),
            ])
        request.stallMax = Self.stallMax
        do {
            return try await client.stream(request, deadline: .now + Self.answerMax)
        } catch HTTPClientError.addressDenied {
            throw PageFailure.denied
        } catch HTTPClientError.cancelled {
            throw CancellationError()
        } catch {
            throw PageFailure.unreachable
        }
    }

    /// The beginning of a page as text, whatever it is written in.
    func text(of page: OpenedPage) async throws -> String {
        let bytes = try await Self.bytes(of: page, upTo: Self.textBytesMax)
        return PageText.decode(bytes, contentType: page.head.header("content-type") ?? "")
    }

    /// The first bytes of a page.
    private static func bytes(of page: OpenedPage, upTo bytesMax: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await piece in page.body {
                bytes += piece.prefix(bytesMax - bytes.count)
                if bytes.count >= bytesMax { break }
            }
        } catch HTTPClientError.cancelled {
            throw CancellationError()
        } catch {
            throw PageFailure.unreachable
        }
        page.body.cancel()
        return bytes
    }
}
