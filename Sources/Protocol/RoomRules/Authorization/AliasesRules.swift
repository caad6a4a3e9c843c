extension AuthContext {
    /// The rules of `m.room.aliases`, in versions 1 to 5.
    func checkAliases() throws(AuthRule) {
        guard let stateKey = event.stateKey else { throw .aliasesLackStateKey }
        guard stateKey.hasSameBytes(as: event.sender.server.rawValue) else { throw .aliasesOfOtherServer }
    }
}
