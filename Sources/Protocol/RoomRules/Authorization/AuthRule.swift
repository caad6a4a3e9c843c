/// The rule by which an event is rejected.
///
/// Rules are named once; their numbers differ by room version.
public enum AuthRule: Error, Hashable, Sendable, CaseIterable {
    // m.room.create
    case createHasPrevEvents, createRoomIDIsForeign, createHasRoomID, createVersionUnknown, createLacksCreator
    case createAdditionalCreatorsInvalid
    // the room and the event's auth_events
    case roomIDIsNotCreateEvent
    case authEventsDuplicate, authEventsUnexpected, authEventsRejected, authEventsLackCreate, authEventsOfOtherRoom
    case notFederated
    case aliasesLackStateKey, aliasesOfOtherServer
    // m.room.member
    case memberIncomplete, authoriserHasNotSigned
    case joinOfOther, joinBanned, joinAuthoriserInvalid, joinNotAllowed
    case thirdPartyBanned, thirdPartyUnsigned, thirdPartyIncomplete, thirdPartyOfOther, thirdPartyUnknown
    case thirdPartySenderDiffers, thirdPartySignatureInvalid
    case inviteSenderNotJoined, inviteTargetJoinedOrBanned, inviteLevel
    case leaveNotInRoom, kickSenderNotJoined, unbanLevel, kickLevel
    case banSenderNotJoined, banLevel
    case knockNotAllowed, knockOfOther, knockMembership
    case membershipUnknown
    // everything else
    case senderNotJoined, thirdPartyInviteLevel, requiredLevel, stateKeyOfOther
    case levelsNotIntegers, levelMapsNotIntegers, levelUsersInvalid, levelOfCreator
    case levelCurrentAbove, levelNewAbove, entryCurrentAbove, entryNewAbove, userCurrentNotBelow, userNewAbove
    case redactionNotAllowed

    /// What is wrong, for people.
    public var sentence: String { Self.sentences[self] ?? "The event is not allowed." }

    private static let sentences: [AuthRule: String] = [
        .createHasPrevEvents: "A create event has predecessors.",
        .createRoomIDIsForeign: "The room's ID is not of the creator's server.",
        .createHasRoomID: "A create event names its room.",
        .createVersionUnknown: "The room version is not known.",
        .createLacksCreator: "The create event has no creator.",
        .createAdditionalCreatorsInvalid: "The additional creators are not user IDs.",
        .roomIDIsNotCreateEvent: "The room's ID is not its create event's.",
        .authEventsDuplicate: "Two auth events have the same type and state key.",
        .authEventsUnexpected: "An auth event has no say in this event.",
        .authEventsRejected: "An auth event was rejected.",
        .authEventsLackCreate: "The create event is missing.",
        .authEventsOfOtherRoom: "An auth event is of another room.",
        .notFederated: "The room is closed to other servers.",
        .aliasesLackStateKey: "The aliases have no state key.",
        .aliasesOfOtherServer: "The aliases are not of the sender's server.",
        .memberIncomplete: "The member event lacks its state key or membership.",
        .authoriserHasNotSigned: "The server that authorised the join has not signed it.",
        .joinOfOther: "Nobody joins for somebody else.",
        .joinBanned: "The user is banned.",
        .joinAuthoriserInvalid: "The user who authorised the join may not invite.",
        .joinNotAllowed: "The user is not invited.",
        .thirdPartyBanned: "The invited user is banned.",
        .thirdPartyUnsigned: "The third-party invite is not signed.",
        .thirdPartyIncomplete: "The third-party invite has no user or token.",
        .thirdPartyOfOther: "The third-party invite is for another user.",
        .thirdPartyUnknown: "There is no such third-party invite.",
        .thirdPartySenderDiffers: "The third-party invite is of another sender.",
        .thirdPartySignatureInvalid: "The third-party invite's signature is not valid.",
        .inviteSenderNotJoined: "Who invites must be in the room.",
        .inviteTargetJoinedOrBanned: "The invited user is in the room or banned.",
        .inviteLevel: "The sender may not invite.",
        .leaveNotInRoom: "The user is not in the room.",
        .kickSenderNotJoined: "Who removes a user must be in the room.",
        .unbanLevel: "The sender may not lift bans.",
        .kickLevel: "The sender may not remove this user.",
        .banSenderNotJoined: "Who bans must be in the room.",
        .banLevel: "The sender may not ban this user.",
        .knockNotAllowed: "The room does not let users knock.",
        .knockOfOther: "Nobody knocks for somebody else.",
        .knockMembership: "The user is banned, invited or in the room.",
        .membershipUnknown: "The membership is not known.",
        .senderNotJoined: "The sender is not in the room.",
        .thirdPartyInviteLevel: "The sender may not invite.",
        .requiredLevel: "The sender's power level is too low for this event.",
        .stateKeyOfOther: "The state belongs to another user.",
        .levelsNotIntegers: "A power level is not an integer.",
        .levelMapsNotIntegers: "The levels of events or notifications are not integers.",
        .levelUsersInvalid: "The users' power levels are not integers by user ID.",
        .levelOfCreator: "A creator's power level cannot be set.",
        .levelCurrentAbove: "The sender may not change a level above their own.",
        .levelNewAbove: "The sender may not set a level above their own.",
        .entryCurrentAbove: "The sender may not change an event's level above their own.",
        .entryNewAbove: "The sender may not set an event's level above their own.",
        .userCurrentNotBelow: "The sender may not change the level of a user who is not below them.",
        .userNewAbove: "The sender may not raise a user above themselves.",
        .redactionNotAllowed: "The sender may not redact this event.",
    ]
}
