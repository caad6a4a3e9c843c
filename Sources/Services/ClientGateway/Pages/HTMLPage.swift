import Crypto
import HTTPServer
import MatrixHTTP
import NIOCore

// Pages for people: plain HTML that reads without styles or scripts, with labels, one heading and a language. The policy
// allows no script but one that a page names; forms go to this server only, unless a page says where else.

/// A page for a person.
struct HTMLPage: EndpointAnswer {
    var status = 200
    let title: String
    /// Markup; texts in it have been through ``HTML/escaped(_:)``.
    let body: String
    /// Where else than this server its forms may lead, as a source of a content security policy.
    var formTargets: [String] = []
    var headers: [(name: String, value: String)] = []
    /// The one script that is allowed, known by its hash.
    var script: String?

    var httpAnswer: HTTPAnswer {
        let targets = (["'self'"] + formTargets).joined(separator: " ")
        let scripts = script.map {
            "script-src 'sha256-\(PaddedBase64.encode(Array(SHA256.hash(data: Array($0.utf8)))))'; "
        }
        let policy =
            "default-src 'none'; style-src 'unsafe-inline'; \(scripts ?? "")form-action \(targets); "
            + "frame-ancestors 'none'; base-uri 'none'"
        return HTTPAnswer(
            status: status, contentType: "text/html; charset=utf-8",
            headers: [
                ("Content-Security-Policy", policy), ("X-Frame-Options", "DENY"),
                ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
                ("Cache-Control", "no-store"),
            ] + headers,
            body: .bytes(ByteBuffer(string: text)))
    }

    private var text: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(HTML.escaped(title))</title>
        <style>\(Self.style)</style>
        </head>
        <body>
        <main>
        <h1>\(HTML.escaped(title))</h1>
        \(body)
        </main>\(script.map { "<script>\($0)</script>" } ?? "")
        </body>
        </html>

        """
    }

    private static let style = """
        :root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;margin:0}
        main{max-width:32rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.6rem}
        label{display:block;margin:1rem 0 .25rem}input[type=text],input[type=password]{font:inherit;width:100%;
        box-sizing:border-box;padding:.5rem;border:1px solid;border-radius:.3rem}
        button{font:inherit;padding:.5rem 1.2rem;margin:1rem .5rem 0 0;border:2px solid;border-radius:.3rem;cursor:pointer}
        :focus-visible{outline:3px solid #06c;outline-offset:2px}.problem{border-left:.4rem solid #c00;padding-left:.7rem}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .5rem;border-bottom:1px solid}
        """
}

/// Texts in markup.
enum HTML {
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A field of a form that nobody sees.
    static func hidden(_ name: String, _ value: String) -> String {
        "<input type=\"hidden\" name=\"\(escaped(name))\" value=\"\(escaped(value))\">"
    }

    /// The field for a user name.
    static func nameField(_ value: String) -> String {
        """
        <label for="name">User name</label>
        <input type="text" id="name" name="name" autocomplete="username" autocapitalize="none" required
         value="\(escaped(value))">
        """
    }

    /// A problem, announced to whoever does not see it.
    static func problem(_ text: String?) -> String {
        text.map { "<p class=\"problem\" role=\"alert\">\(escaped($0))</p>" } ?? ""
    }
}
