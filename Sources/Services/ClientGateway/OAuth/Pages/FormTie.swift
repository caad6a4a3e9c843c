/// A form's hidden field, and the cookies that go with its page.
struct FormTie {
    let field: String
    let cookies: [(name: String, value: String)]
}
