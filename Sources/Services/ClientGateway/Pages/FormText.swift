import HTTPServer

/// Names and values as a query, or as the body of a form.
enum FormText {
    static func text(_ fields: [(name: String, value: String)]) -> String {
        fields.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
    }
}
