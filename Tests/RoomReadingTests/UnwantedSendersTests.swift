import CanonicalJSON
import Identifiers
import RoomReading
import Testing

@Suite struct UnwantedSendersTests {
    private func verdict(_ type: String, _ content: JSONObject, on user: String) throws -> InvitePermission.Verdict {
        let permission = InvitePermission { $0.utf8.elementsEqual(type.utf8) ? content : nil }
        return permission.verdict(on: try #require(UserID(user)))
    }

    @Test(arguments: ["m.invite_permission_config", "org.matrix.msc4380.invite_permission_config"])
    func theDefaultMayBeToBlock(type: String) throws {
        #expect(try verdict(type, ["default_action": "block"], on: "@a:x") == .block)
        #expect(try verdict(type, ["default_action": "odd"], on: "@a:x") == .allow)
        #expect(try verdict(type, [:], on: "@a:x") == .allow)
    }

    @Test(arguments: [
        ("@friend:evil.com", InvitePermission.Verdict.allow), ("@a:evil.com", .block), ("@spam:x", .block),
        ("@loud:x", .ignore), ("@a:loud.com", .ignore), ("@a:x", .allow), ("@both:x", .allow),
    ]) func usersGoBeforeServersAndAllowingBeforeTheRest(user: String, expected: InvitePermission.Verdict) throws {
        let content: JSONObject = [
            "allowed_users": ["@friend:*", "@both:x"], "ignored_users": ["@loud:*"],
            "blocked_users": ["@spam:*", "@both:x"], "ignored_servers": ["loud.com"], "blocked_servers": ["*.com", 7],
        ]
        let type = "org.matrix.msc4155.invite_permission_config"
        #expect(try verdict(type, content, on: user) == expected)
        var off = content
        off["enabled"] = false
        #expect(try verdict(type, off, on: user) == .allow)
    }

    @Test func invitesByIgnoredUsersAreHidden() throws {
        let senders = UnwantedSenders { type in
            type == "m.ignored_user_list" ? ["ignored_users": ["@a:x": [:], "odd": [:]]] : nil
        }
        #expect(!senders.isEmpty)
        #expect(senders.hidesInvite(by: try #require(UserID("@a:x"))))
        #expect(!senders.hidesInvite(by: try #require(UserID("@b:x"))))
        #expect(UnwantedSenders.none.isEmpty)
    }

    @Test func whomEventsAreCountedWithoutIsBoundedAndNotTheUser() throws {
        let user = try #require(UserID("@user:x"))
        var ignored = JSONObject()
        for name in ["@user:x", "odd"] + (0..<IgnoredUsers.usersMax + 5).reversed().map({ "@\(10_000 + $0):x" }) {
            ignored[name] = [:]
        }
        let list: JSONObject = ["ignored_users": .object(ignored)]
        let senders = UnwantedSenders { $0 == IgnoredUsers.accountDataType ? list : nil }
        #expect(senders.ignored.count == IgnoredUsers.usersMax + 6)
        let counted = senders.counted(for: user)
        #expect(counted.count == IgnoredUsers.usersMax && counted.first?.rawValue == "@10000:x")
        #expect(!counted.contains(user) && counted == counted.sorted())
    }
}
