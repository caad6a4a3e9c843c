import CLibCurl
import Glibc

// Setting up libcurl's handle for a transfer. The callbacks get the transfer as an unretained pointer: the loop holds
// it while the handle is in the multi.

extension Transfer {
    /// Configures `handle` for the request.
    func configure(_ handle: UnsafeMutableRawPointer) {
        self.handle = handle
        let context = Unmanaged.passUnretained(self).toOpaque()
        apus_curl_set_pointer(handle, CURLOPT_PRIVATE, context)
        apus_curl_set_string(handle, CURLOPT_URL, request.url)
        configureSafety(handle)
        configureAddresses(handle)
        configureTimes(handle)
        if let delivery { configureMail(handle, delivery) } else { configureRequest(handle) }
        apus_curl_set_header_callback(
            handle,
            { bytes, size, count, context in
                let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
                return Transfer.from(context).takeHeader(line) ? line.count : 0
            }, context)
        apus_curl_set_body_callback(
            handle,
            { bytes, size, count, context in
                let result = Transfer.from(context).takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
                return result < 0 ? 0 : result
            }, context)
    }

    /// Gives back what `configure` allocated.
    func release() {
        curl_slist_free_all(headerList)
        headerList = nil
        curl_slist_free_all(addressList)
        addressList = nil
        handle = nil
    }

    private func configureSafety(_ handle: UnsafeMutableRawPointer) {
        // No proxy from the environment, no other protocol, no redirect to somewhere unchecked, no signals in threads.
        apus_curl_set_string(handle, CURLOPT_PROXY, "")
        apus_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "http,https")
        apus_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        apus_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        apus_curl_set_long(handle, CURLOPT_HTTP09_ALLOWED, 0)
        if let file = options.certificateAuthorityFile { apus_curl_set_string(handle, CURLOPT_CAINFO, file) }
        guard options.addressPolicy != .any else { return }
        apus_curl_set_socket_callback(
            handle,
            { context, _, address in Transfer.from(context).openSocket(address) },
            Unmanaged.passUnretained(self).toOpaque())
    }

    /// Says what the host's addresses are, for as long as DNS's own answers are remembered.
    private func configureAddresses(_ handle: UnsafeMutableRawPointer) {
        guard let addresses = request.addresses, let url = WebURL(request.url) else { return }
        let joined = addresses.joined(separator: ",")
        addressList = curl_slist_append(nil, "+\(url.host):\(url.port):\(joined)")
        apus_curl_set_list(handle, CURLOPT_RESOLVE, addressList)
    }

    private func configureTimes(_ handle: UnsafeMutableRawPointer) {
        apus_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, options.connectDuration.wholeMilliseconds)
        if let duration = options.duration {
            apus_curl_set_long(handle, CURLOPT_TIMEOUT_MS, duration.wholeMilliseconds)
        }
        if let stallMax = request.stallMax {
            apus_curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
            apus_curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(1, Int(stallMax.components.seconds)))
        }
        apus_curl_set_long(handle, CURLOPT_TCP_NODELAY, 1)
        apus_curl_set_long(handle, CURLOPT_TCP_KEEPALIVE, 1)
        apus_curl_set_long(handle, CURLOPT_TCP_KEEPIDLE, 10)
        apus_curl_set_long(handle, CURLOPT_TCP_KEEPINTVL, 3)
        // Idle connections that a server may be about to close are not used again; seconds.
        apus_curl_set_long(handle, CURLOPT_MAXAGE_CONN, 20)
    }

    private func configureRequest(_ handle: UnsafeMutableRawPointer) {
        let version = request.url.utf8.starts(with: "https:".utf8) ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        apus_curl_set_long(handle, CURLOPT_HTTP_VERSION, version)
        if let body = request.body {
            apus_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            apus_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, body)
        } else if request.method == "HEAD" {
            apus_curl_set_long(handle, CURLOPT_NOBODY, 1)
        }
        apus_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method)
        // An `Expect: 100-continue` would cost a round trip, and curl's default content type would be a lie.
        var lines = ["Expect:"] + request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        for line in lines { headerList = curl_slist_append(headerList, line) }
        apus_curl_set_list(handle, CURLOPT_HTTPHEADER, headerList)
    }

    /// Opens the socket libcurl asks for, unless the address is denied.
    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>?) -> curl_socket_t {
        guard let address else { return -1 }
        let wanted = address.pointee
        guard let ip = Self.ipAddress(address), options.addressPolicy.allows(ip) else {
            sawDeniedAddress = true
            return -1
        }
        return socket(wanted.family, wanted.socktype | Int32(SOCK_CLOEXEC.rawValue), wanted.protocol)
    }

    private static func ipAddress(_ address: UnsafeMutablePointer<curl_sockaddr>) -> IPAddress? {
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return nil }
        let start = UnsafeRawPointer(address) + offset
        switch address.pointee.family {
        case AF_INET:
            let inet = start.loadUnaligned(as: sockaddr_in.self)
            return withUnsafeBytes(of: inet.sin_addr) { IPAddress(bytes: Array($0)) }
        case AF_INET6:
            let inet = start.loadUnaligned(as: sockaddr_in6.self)
            return withUnsafeBytes(of: inet.sin6_addr) { IPAddress(bytes: Array($0)) }
        default: return nil
        }
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
        guard let context else { preconditionFailure("libcurl called back without its context") }
        return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }
}

extension Duration {
    /// At least 1: libcurl takes 0 for "no limit".
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return max(1, Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000))
    }
}
