import Events
import RoomRules
import Testing

@Suite struct RoomVersionTests {
    @Test func versions1To12AreKnown() throws {
        #expect(RoomVersion.supported.map(\.name) == (1...12).map { "\($0)" })
        #expect(RoomVersion.default.name == "12")
        #expect(RoomVersion.unnamed.name == "1")
        for name in ["0", "13", "", "01", "1 ", "１", "org.matrix.msc2176"] { #expect(RoomVersion(name) == nil) }
    }

    /// What each version asks for, in a letter per flag: see ``theTableOfFeaturesIsTheSpecs(version:)``.
    private static let features: [Int: String] = [
        1: "1.... ..... ....", 2: "2.... ..... ....", 3: "2i... ..... ....", 4: "2i... ..... ....",
        5: "2ik.. ..... ....", 6: "2ikcn ..... ....", 7: "2ikcn k.... ....", 8: "2ikcn kr... ....",
        9: "2ikcn kr... ....", 10: "2ikcn krb.. i...", 11: "2ikcn krb.. is..", 12: "3ikcn krb.. isch",
    ]

    @Test(arguments: RuleScene.all)
    func theTableOfFeaturesIsTheSpecs(version: Int) throws {
        let rules = try #require(RoomVersion("\(version)")).rules
        let resolution = [StateResolutionAlgorithm.v1: "1", .v2: "2", .v2_1: "3"][rules.stateResolution] ?? "?"
        func flag(_ value: Bool, _ letter: String) -> String { value ? letter : "." }
        let letters = [
            resolution, flag(rules.eventFormat.hashesAreIDs, "i"), flag(rules.keysMustBeValidThen, "k"),
            flag(rules.requiresCanonicalJSON, "c"), flag(rules.limitsNotificationLevels, "n"), " ",
            flag(rules.allowsKnocking, "k"), flag(rules.allowsRestrictedJoins, "r"),
            flag(rules.allowsKnockRestricted, "b"), "..", " ", flag(rules.powerLevelsAreIntegers, "i"),
            flag(!rules.createContentHasCreator, "s"), flag(rules.creatorsAreInfinitelyPowerful, "c"),
            flag(rules.eventFormat.roomIDIsCreateEvent, "h"),
        ]
        #expect(letters.joined() == Self.features[version])
        #expect(rules.aliasesBelongToServers == (version <= 5))
        #expect(rules.authorisesRedactions == (version <= 2))
        #expect(rules.eventIDServerSigns == (version <= 2))
        #expect(rules.createIsAuthEvent == (version <= 11))
        #expect(rules.powerLevelsMayBeFloats == (version <= 5))
    }
}
