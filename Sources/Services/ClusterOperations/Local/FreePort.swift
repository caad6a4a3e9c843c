import Glibc

/// Ports of 127.0.0.1.
enum FreePort {
    /// A port nobody listens on at the moment; `nil` when there is none.
    static func find() -> Int? { bind(0) }

    static func isFree(_ port: Int) -> Bool { bind(port) != nil }

    private static func bind(_ wanted: Int) -> Int? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        var isReused: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(wanted).bigEndian)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard Glibc.bind(socket, generic, length) == 0, listen(socket, 1) == 0 else { return Int32(-1) }
                return getsockname(socket, generic, &length)
            }
        }
        return status == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
