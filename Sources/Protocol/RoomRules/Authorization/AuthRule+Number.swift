// Rules are added and dropped between room versions, which moves the numbers of those behind. A group's number is
// computed from the same flags as the rules themselves.

extension AuthRule {
    /// The rule's number in the room version's specification, such as `5.3.4`; empty for a rule the version lacks.
    public func number(in rules: RoomVersionRules) -> String {
        let numbers = AuthRuleNumbers(rules: rules)
        switch self {
        case .createHasPrevEvents, .createRoomIDIsForeign, .createHasRoomID, .createVersionUnknown, .createLacksCreator,
            .createAdditionalCreatorsInvalid:
            return numbers.create(self)
        case .roomIDIsNotCreateEvent: return "2"
        case .authEventsDuplicate: return "\(numbers.authEvents).1"
        case .authEventsUnexpected: return "\(numbers.authEvents).2"
        case .authEventsRejected: return "\(numbers.authEvents).3"
        case .authEventsLackCreate: return "\(numbers.authEvents).4"
        case .authEventsOfOtherRoom: return "\(numbers.authEvents).5"
        case .notFederated: return "\(numbers.authEvents + 1)"
        case .aliasesLackStateKey: return "\(numbers.authEvents + 2).1"
        case .aliasesOfOtherServer: return "\(numbers.authEvents + 2).2"
        case .senderNotJoined: return "\(numbers.member + 1)"
        case .thirdPartyInviteLevel: return "\(numbers.member + 2).1"
        case .requiredLevel: return "\(numbers.member + 3)"
        case .stateKeyOfOther: return "\(numbers.member + 4)"
        case .redactionNotAllowed: return "\(numbers.member + 6).3"
        default: return numbers.levels(self) ?? numbers.member(self)
        }
    }
}

struct AuthRuleNumbers {
    let rules: RoomVersionRules

    var authEvents: Int { rules.createIsAuthEvent ? 2 : 3 }
    var member: Int { authEvents + (rules.aliasesBelongToServers ? 3 : 2) }

    func create(_ rule: AuthRule) -> String {
        switch rule {
        case .createHasPrevEvents: "1.1"
        case .createRoomIDIsForeign, .createHasRoomID: "1.2"
        case .createVersionUnknown: "1.3"
        default: "1.4"
        }
    }

    func levels(_ rule: AuthRule) -> String? {
        let group = member + 5
        // Two rules about integers came in version 10, one about creators in version 12.
        let integers = rules.powerLevelsAreIntegers ? 2 : 0
        let changes = 3 + integers + (rules.creatorsAreInfinitelyPowerful ? 1 : 0)
        return switch rule {
        case .levelsNotIntegers: "\(group).1"
        case .levelMapsNotIntegers: "\(group).2"
        case .levelUsersInvalid: "\(group).\(1 + integers)"
        case .levelOfCreator: "\(group).4"
        case .levelCurrentAbove: "\(group).\(changes).1"
        case .levelNewAbove: "\(group).\(changes).2"
        case .entryCurrentAbove: "\(group).\(changes + 1).1"
        case .entryNewAbove: "\(group).\(changes + 2).1"
        case .userCurrentNotBelow: "\(group).\(changes + 3).1"
        case .userNewAbove: "\(group).\(changes + 4).1"
        default: nil
        }
    }

    /// Rules about members: `join` and what follows moved back by one when restricted joins came.
    func member(_ rule: AuthRule) -> String {
        let join = rules.allowsRestrictedJoins ? 3 : 2
        let unknown = join + (rules.allowsKnocking ? 5 : 4)
        let part =
            switch rule {
            case .memberIncomplete: "1"
            case .authoriserHasNotSigned: "2.1"
            case .joinOfOther: "\(join).2"
            case .joinBanned: "\(join).3"
            case .joinAuthoriserInvalid: "\(join).5.2"
            case .joinNotAllowed: "\(join).\(rules.allowsRestrictedJoins ? 7 : 6)"
            case .thirdPartyBanned: "\(join + 1).1.1"
            case .thirdPartyUnsigned: "\(join + 1).1.2"
            case .thirdPartyIncomplete: "\(join + 1).1.3"
            case .thirdPartyOfOther: "\(join + 1).1.4"
            case .thirdPartyUnknown: "\(join + 1).1.5"
            case .thirdPartySenderDiffers: "\(join + 1).1.6"
            case .thirdPartySignatureInvalid: "\(join + 1).1.8"
            case .inviteSenderNotJoined: "\(join + 1).2"
            case .inviteTargetJoinedOrBanned: "\(join + 1).3"
            case .inviteLevel: "\(join + 1).5"
            case .leaveNotInRoom: "\(join + 2).1"
            case .kickSenderNotJoined: "\(join + 2).2"
            case .unbanLevel: "\(join + 2).3"
            case .kickLevel: "\(join + 2).5"
            case .banSenderNotJoined: "\(join + 3).1"
            case .banLevel: "\(join + 3).3"
            case .knockNotAllowed: "\(join + 4).1"
            case .knockOfOther: "\(join + 4).2"
            case .knockMembership: "\(join + 4).4"
            default: "\(unknown)"
            }
        return "\(member).\(part)"
    }
}
