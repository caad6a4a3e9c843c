/// Who may register.
package struct RegistrationPolicy: Sendable {
    package enum Mode: Sendable { case open, token, closed }

    package var mode: Mode
    /// The secret of `/_synapse/admin/v1/register`; `nil` switches that endpoint off.
    package var sharedSecret: [UInt8]?

    package init(mode: Mode, sharedSecret: [UInt8]?) {
        self.mode = mode
        self.sharedSecret = sharedSecret
    }
}
