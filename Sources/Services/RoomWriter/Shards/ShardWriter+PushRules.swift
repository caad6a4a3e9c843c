import CanonicalJSON
import PushRules
import WorkerContracts

extension ShardWriter {
    /// Changes one push rule in what the commands before have left.
    ///
    /// - Throws: `M_NOT_FOUND` for a rule that is not there, `M_UNKNOWN` for a neighbour that is none, `M_INVALID_PARAM` for
    ///   a name of the server's own, `M_TOO_LARGE`.
    func changePushRules(_ command: WriterCommand.ChangePushRules, _ pending: PendingCommand) throws(Obstacle) {
        let type = PushRuleDocument.accountDataType
        let stored = try placedAccountData(type, of: command.user, in: nil, pending)
        var document = PushRuleDocument(stored, of: command.user)
        do throws(PushRuleProblem) {
            try document.apply(command.change)
        } catch {
            throw Self.refusal(of: error)
        }
        let content = document.json
        var rows = nextRows
        if content != stored {
            let bytesMax = WriterCommand.SetAccountData.contentBytesMax
            guard content.bytes().count <= bytesMax else {
                throw .tooLarge("Push rules are at most \(bytesMax) bytes.")
            }
            rows.setAccountData(.init(user: command.user, room: nil, type: type, content: content))
        }
        add(pending, rows)
    }

    private static func refusal(of problem: PushRuleProblem) -> Obstacle {
        switch problem {
        case .unknown(let name): .notFound("There is no rule \(name).")
        case .unknownNeighbour(let name): .badRequest("M_UNKNOWN", "You have no rule \(name) to put it beside.")
        case .reserved(let name): .badRequest("M_INVALID_PARAM", "\(name) is a name of the server's own.")
        }
    }
}
