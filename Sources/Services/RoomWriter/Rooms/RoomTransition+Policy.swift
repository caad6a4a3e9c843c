import CanonicalJSON
import Events
import Identifiers
import RoomRules
import Storage
import WorkerContracts

// The policy server signs an event as it is, predecessors included. The room waits while it is asked, so that the event is
// built the same again afterwards; if the room has changed all the same, there is another event to ask about.

extension RoomTransition {
    /// An event of this server with the signature of the room's policy server, if that one has a say in it.
    ///
    /// - Throws: what the policy server refused with, `M_TOO_LARGE` when its signature does not fit.
    func recommended(_ event: Event) throws(Obstacle) -> Event {
        guard let policy = try policy(for: event) else { return event }
        switch try verdict(on: event, policy) {
        case .notAsked: return event
        case .refused(let refusal): throw .refused(refusal)
        case .signed(let signature): return try self.event(event, with: signature, of: policy)
        }
    }

    /// A received event, with a new signature of the room's policy server if it came without a good one; `nil` when it is
    /// not recommended.
    func recommended(received event: Event) throws(Obstacle) -> Event? {
        guard let policy = try policy(for: event), !policy.hasSigned(event.json, rules: rules) else { return event }
        switch try verdict(on: event, policy) {
        case .notAsked: return event
        case .refused: return nil
        case .signed(let signature): return try self.event(event, with: signature, of: policy)
        }
    }

    /// The room's policy server, if it has one that is to judge `event`.
    private func policy(for event: Event) throws(Obstacle) -> RoomPolicy? {
        guard RoomPolicy.covers(event), let named = try current(.policy) else { return nil }
        return RoomPolicy(content: named.content)
    }

    private func verdict(on event: Event, _ policy: RoomPolicy) throws(Obstacle) -> PolicyVerdict {
        if let verdict = facts.policyVerdicts[event.id] { return verdict }
        throw .needs(
            .policyVerdict(PolicyQuestion(event: event, room: head.room, policy: policy, rules: rules)))
    }

    private func event(_ event: Event, with signature: String, of policy: RoomPolicy) throws(Obstacle) -> Event {
        let json = policy.adding(signature, to: event.json)
        do throws(EventBuildError) { try EventBuilder.checkSize(json) } catch { throw Self.refusal(of: error) }
        do throws(EventError) {
            return try Event(json: json, id: event.id, format: rules.eventFormat)
        } catch {
            preconditionFailure("an event with one signature more is an event")
        }
    }
}
