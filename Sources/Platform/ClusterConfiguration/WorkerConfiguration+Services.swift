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
        let digestDelay = source.integer("email.digest_delay_seconds", default: 600, in: 1...86_400)
        let digestShowsMessages = source.bool("email.digest_shows_messages", default: true)
        let roomLinkPrefix = source.text("email.room_link_prefix") ?? "https://matrix.to/#/"
        guard let host = source.text("email.smtp_host") else { return nil }
        if (user == nil) != (password == nil) {
            source.problem("email.smtp_user and email.smtp_password come together")
        }
        return Email(
            host: host, port: port, security: security, user: user, password: password, sender: sender,
            senderName: senderName, digestDelay: .seconds(digestDelay), digestShowsMessages: digestShowsMessages,
            roomLinkPrefix: roomLinkPrefix)
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

    static func media(_ source: inout ConfigurationSource) -> Media {
        func mebibytes(_ key: String, default fallback: Int, _ source: inout ConfigurationSource) -> Int64 {
            Int64(source.integer(key, default: fallback, in: 1...2_048)) << 20
        }
        let hasUserBound = source.text("media.user_mebibytes_max") != nil
        let userMebibytes = source.integer("media.user_mebibytes_max", default: 1, in: 1...1_000_000_000)
        return Media(
            store: mediaStore(&source), spoolPath: source.text("media.spool_path") ?? "/tmp",
            uploadBytesMax: mebibytes("media.upload_mebibytes_max", default: 100, &source),
            userBytesMax: hasUserBound ? Int64(userMebibytes) << 20 : nil,
            quotaInfoURL: source.text("media.quota_info_url"),
            pendingUploadsMax: source.integer("media.pending_uploads_max", default: 5, in: 1...1_000),
            pendingUploadLife: .seconds(source.integer("media.pending_upload_hours", default: 24, in: 1...720) * 3_600),
            remoteBytesMax: mebibytes("media.remote_mebibytes_max", default: 100, &source),
            cacheBytesMax: Int64(
                source.integer("media.cache_mebibytes_max", default: 51_200, in: 1...1_000_000_000)) << 20,
            remoteLife: source.days("media.remote_days"), localLife: source.days("media.local_days"),
            downloadsWithoutToken: source.bool("media.downloads_without_token", default: false),
            previewsLinks: source.bool("media.url_previews", default: true),
            allowedNetworks: source.text("media.allowed_networks").map {
                $0.split(separator: ",").map { String($0.filter { $0 != " " }) }
            } ?? [])
    }

    private static func mediaStore(_ source: inout ConfigurationSource) -> Media.Store? {
        let folder = source.text("media.folder_path")
        let bucket = source.text("media.s3_bucket")
        let endpoint = source.text("media.s3_endpoint")
        let region = source.text("media.s3_region") ?? "us-east-1"
        let prefix = source.text("media.s3_prefix") ?? ""
        let accessKeyID = source.text("media.s3_access_key_id")
        let secret = source.secret("media.s3_secret_access_key", isRequired: false)
        // A bucket that is configured is meant, whatever folder a template names besides.
        guard let bucket else { return folder.map { .folder($0) } }
        guard let endpoint, let accessKeyID, let secret else {
            source.problem(
                "media.s3_bucket needs media.s3_endpoint, media.s3_access_key_id and media.s3_secret_access_key")
            return nil
        }
        return .s3(
            Media.S3(
                endpoint: endpoint, region: region, bucket: bucket, prefix: prefix, accessKeyID: accessKeyID,
                secretAccessKey: secret))
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
