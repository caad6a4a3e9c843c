extension WorkerConfiguration {
    static func rateLimits(_ source: inout ConfigurationSource) -> [RateLimitName: RateLimit] {
        let isOn = source.bool("rate_limits.enabled", default: true)
        var limits: [RateLimitName: RateLimit] = [:]
        for name in RateLimitName.allCases {
            let standard = name.standard
            limits[name] = RateLimit(
                perSecond: source.decimal(
                    "\(name.rawValue).per_second", default: standard.perSecond, in: RateLimit.perSecondRange),
                burst: source.integer(
                    "\(name.rawValue).burst_count", default: standard.burst, in: RateLimit.burstRange))
        }
        return isOn ? limits : [:]
    }

    static func email(_ source: inout ConfigurationSource, serverName: String) -> Email? {
        let port = source.integer("email.smtp_port", default: 587, in: 1...65_535)
        let security = source.choice("email.smtp_security", default: Email.Security.starttls)
        let user = source.text("email.smtp_user")
        let password = source.secret("email.smtp_password", isRequired: false)
        let sender = source.text("email.sender") ?? "noreply@\(serverName)"
        let senderName = source.text("email.sender_name") ?? serverName
        guard let host = source.text("email.smtp_host") else { return nil }
        if (user == nil) != (password == nil) {
            source.problem("email.smtp_user and email.smtp_password come together")
        }
        return Email(
            host: host, port: port, security: security, user: user, password: password, sender: sender,
            senderName: senderName)
    }

    static func support(_ source: inout ConfigurationSource) -> Support? {
        var contacts: [Support.Contact] = []
        for role in Support.Contact.Role.allCases {
            let email = source.text("support.\(role.rawValue)_email")
            let matrixID = source.text("support.\(role.rawValue)_matrix_id")
            guard email != nil || matrixID != nil else { continue }
            contacts.append(Support.Contact(role: role, email: email, matrixID: matrixID))
        }
        let page = source.text("support.page_url")
        return contacts.isEmpty && page == nil ? nil : Support(contacts: contacts, page: page)
    }

    static func turn(_ source: inout ConfigurationSource) -> Turn? {
        let uris = source.text("turn.uris").map { $0.split(separator: ",").map(String.init) } ?? []
        let secret = source.secret("turn.shared_secret", isRequired: false)
        let lifetime = source.integer("turn.lifetime_seconds", default: 86_400, in: 60...2_592_000)
        guard uris.allSatisfy({ $0.hasPrefix("turn:") || $0.hasPrefix("turns:") }) else {
            source.problem("turn.uris are to begin with turn: or turns:")
            return nil
        }
        switch (uris.isEmpty, secret) {
        case (true, nil): return nil
        case (false, let secret?): return Turn(uris: uris, sharedSecret: secret, lifetimeSeconds: lifetime)
        case (true, _?), (false, nil):
            source.problem("turn.uris and turn.shared_secret come together")
            return nil
        }
    }

    static func liveKitServiceURLs(_ source: inout ConfigurationSource) -> [String] {
        let urls = source.text("rtc.livekit_service_urls").map { $0.split(separator: ",").map(String.init) } ?? []
        guard urls.allSatisfy({ $0.hasPrefix("https://") || $0.hasPrefix("http://") }) else {
            source.problem("rtc.livekit_service_urls are to be web addresses")
            return []
        }
        return urls
    }

    static func singleSignOn(_ source: inout ConfigurationSource) -> SingleSignOn? {
        let clientID = source.text("sso.client_id")
        let secret = source.secret("sso.client_secret", isRequired: false)
        let name = source.text("sso.name")
        let scopes = source.text("sso.scopes") ?? "openid profile"
        let claim = source.text("sso.username_claim") ?? "preferred_username"
        let makesAccounts = source.bool("sso.makes_accounts", default: true)
        guard let issuer = source.text("sso.issuer") else { return nil }
        guard let clientID, let secret else {
            source.problem("sso.issuer needs sso.client_id and sso.client_secret")
            return nil
        }
        return SingleSignOn(
            issuer: issuer, clientID: clientID, clientSecret: secret, name: name ?? issuer, scopes: scopes,
            usernameClaim: claim, makesAccounts: makesAccounts)
    }
}
