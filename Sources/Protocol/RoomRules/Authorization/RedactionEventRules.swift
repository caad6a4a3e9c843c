extension AuthContext {
    /// The rules of `m.room.redaction`, in versions 1 and 2.
    func checkRedaction(senderLevel: Int64) throws(AuthRule) {
        if senderLevel >= levels.redact { return }
        guard let target = event.redacts?.server, target == event.id.server else { throw .redactionNotAllowed }
    }
}
