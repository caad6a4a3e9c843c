extension RoomVersionRules {
    static let v1 = RoomVersionRules(
        eventFormat: .v1, stateResolution: .v1, redaction: .v1, eventIDServerSigns: true, keysMustBeValidThen: false,
        requiresCanonicalJSON: false, aliasesBelongToServers: true, authorisesRedactions: true,
        limitsNotificationLevels: false, allowsKnocking: false, allowsRestrictedJoins: false,
        allowsKnockRestricted: false, powerLevelsAreIntegers: false, createContentHasCreator: true,
        creatorsAreInfinitelyPowerful: false)

    /// Version 1 except: state resolution.
    static let v2 = v1.except { $0.stateResolution = .v2 }

    /// Version 2 except: hashes are event IDs, and redactions are no matter of authorisation.
    static let v3 = v2.except {
        $0.eventFormat = .v3
        $0.eventIDServerSigns = false
        $0.authorisesRedactions = false
    }

    /// Version 3 except: event IDs are URL-safe.
    static let v4 = v3.except { $0.eventFormat = .v4 }

    /// Version 4 except: expired keys do not sign.
    static let v5 = v4.except { $0.keysMustBeValidThen = true }

    /// Version 5 except: canonical JSON, no special aliases, notification levels.
    static let v6 = v5.except {
        $0.requiresCanonicalJSON = true
        $0.aliasesBelongToServers = false
        $0.limitsNotificationLevels = true
        $0.redaction = .v6
    }

    /// Version 6 except: knocking.
    static let v7 = v6.except { $0.allowsKnocking = true }

    /// Version 7 except: restricted joins.
    static let v8 = v7.except {
        $0.allowsRestrictedJoins = true
        $0.redaction = .v8
    }

    /// Version 8 except: redacted joins stay authorised.
    static let v9 = v8.except { $0.redaction = .v9 }

    /// Version 9 except: integer power levels, and knocking together with restricted joins.
    static let v10 = v9.except {
        $0.powerLevelsAreIntegers = true
        $0.allowsKnockRestricted = true
    }

    /// Version 10 except: the creator is the sender, `redacts` is content, redaction keeps more content.
    static let v11 = v10.except {
        $0.eventFormat = .v11
        $0.createContentHasCreator = false
        $0.redaction = .v11
    }

    /// Version 11 except: the room's ID is its create event's, creators are above levels, state resolution.
    static let v12 = v11.except {
        $0.eventFormat = .v12
        $0.creatorsAreInfinitelyPowerful = true
        $0.stateResolution = .v2_1
    }

    private func except(_ change: (inout RoomVersionRules) -> Void) -> RoomVersionRules {
        var next = self
        change(&next)
        return next
    }
}
