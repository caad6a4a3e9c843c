import CanonicalJSON

/// The terms that whoever registers agrees to (spec v1.19, "Terms of service at registration").
package struct TermsPolicy: Sendable {
    /// What people read.
    package var url: String
    /// Changes with the text.
    package var version: String
    package var name: String

    package init(url: String, version: String, name: String) {
        self.url = url
        self.version = version
        self.name = name
    }

    /// The parameters of the stage.
    var parameters: JSONValue {
        [
            "policies": [
                "terms_of_service": [
                    "version": .string(version), "en": ["name": .string(name), "url": .string(url)],
                ]
            ]
        ]
    }
}
