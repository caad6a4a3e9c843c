import CLibCurl

// libcurl speaks SMTP as it does HTTP: a mail is a transfer of the same loop, with its own set-up.

/// One mail on its way to a server.
///
/// Guard: `offset` is touched by the client's thread only, through the transfer that holds this.
struct MailDelivery {
    let server: MailServer
    let sender: String
    let recipient: String
    let bytes: [UInt8]
    private var offset = 0

    init(_ message: MailMessage, to server: MailServer) {
        self.server = server
        sender = message.sender
        recipient = message.recipient
        bytes = message.bytes
    }

    /// Copies what comes next into libcurl's buffer.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - offset)
        buffer.copyBytes(from: bytes[offset..<(offset + count)])
        offset += count
        return count
    }
}

extension Transfer {
    /// Sets `handle` up for a mail.
    func configureMail(_ handle: UnsafeMutableRawPointer, _ mail: MailDelivery) {
        apus_curl_set_string(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        let security = mail.server.security == .none ? CURLUSESSL_NONE : CURLUSESSL_ALL
        apus_curl_set_long(handle, CURLOPT_USE_SSL, Int(security.rawValue))
        if let user = mail.server.user, let password = mail.server.password {
            apus_curl_set_string(handle, CURLOPT_USERNAME, user)
            apus_curl_set_string(handle, CURLOPT_PASSWORD, password)
        }
        apus_curl_set_string(handle, CURLOPT_MAIL_FROM, "<\(mail.sender)>")
        headerList = curl_slist_append(headerList, "<\(mail.recipient)>")
        apus_curl_set_list(handle, CURLOPT_MAIL_RCPT, headerList)
        apus_curl_set_long(handle, CURLOPT_UPLOAD, 1)
        apus_curl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(mail.bytes.count))
        apus_curl_set_read_callback(
            handle,
            { buffer, size, count, context in
                Transfer.from(context).readMail(UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}
