import Identifiers

/// Whom people turn to; somebody, or a page, is there.
package struct SupportInformation: Sendable {
    package struct Contact: Sendable {
        /// `m.role.admin` or `m.role.security`.
        package var role: String
        package var email: String?
        package var matrixID: UserID?

        package init(role: String, email: String?, matrixID: UserID?) {
            self.role = role
            self.email = email
            self.matrixID = matrixID
        }
    }

    package var contacts: [Contact]
    package var page: String?

    package init(contacts: [Contact], page: String?) {
        self.contacts = contacts
        self.page = page
    }
}
