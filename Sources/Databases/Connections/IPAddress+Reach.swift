extension IPAddress {
    /// Where an address leads, as far as a policy cares.
    public enum Reach: Sendable, Equatable {
        /// This machine.
        case loopback
        /// A private network: RFC 1918, RFC 4193, carrier-grade NAT, benchmarking.
        case `private`
        /// The internet.
        case global
        /// Nowhere a database lives. The word says why, for the message.
        case never(String)
    }

    /// What kind of address this is. Addresses that only carry an IPv4 address inside are judged by that one, and refused
    /// unless it is global: they are a way around a check, not a way to a database.
    public var reach: Reach { isIPv6 ? reach6 : IPAddress.reach4(bytes[0], bytes[1], bytes[2], bytes[3]) }

    private static func reach4(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> Reach {
        switch (a, b, c, d) {
        case (0, _, _, _): .never("unspecified")
        case (127, _, _, _): .loopback
        case (169, 254, _, _): .never("link-local")
        // The metadata services of Alibaba, Azure and Oracle; everyone else's is link-local.
        case (100, 100, 100, 200), (168, 63, 129, 16), (192, 0, 0, _): .never("cloud-metadata or special-purpose")
        case (10, _, _, _), (172, 16...31, _, _), (192, 168, _, _), (100, 64...127, _, _), (198, 18...19, _, _): .private
        case (224...239, _, _, _): .never("multicast")
        case (255, 255, 255, 255): .never("broadcast")
        case (240..., _, _, _): .never("reserved")
        default: .global
        }
    }

    private var reach6: Reach {
        if bytes[..<10].allSatisfy({ $0 == 0 }) {
            if bytes[10...].allSatisfy({ $0 == 0 }) { return .never("unspecified") }
            if bytes[10..<15].allSatisfy({ $0 == 0 }), bytes[15] == 1 { return .loopback }
            if bytes[10] == 0xFF, bytes[11] == 0xFF { return .never("IPv4-mapped") }
            if bytes[10] == 0, bytes[11] == 0 { return .never("IPv4-compatible") }
        }
        switch (bytes[0], bytes[1]) {
        case (0xFE, 0x80...0xBF): return .never("link-local")
        case (0xFE, 0xC0...0xFF): return .private
        case (0xFD, 0x00) where starts(with: [0xFD, 0x00, 0x0E, 0xC2]): return .never("cloud-metadata or special-purpose")
        case (0xFC...0xFD, _): return .private
        case (0xFF, _): return .never("multicast")
        case (0x20, 0x02): return embedded(at: 2, "6to4")
        case (0x20, 0x01) where starts(with: [0x20, 0x01, 0, 0]): return .never("Teredo")
        case (0, 0x64) where starts(with: [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]): return embedded(at: 12, "NAT64")
        case (0, 0x64) where starts(with: [0, 0x64, 0xFF, 0x9B]): return .never("NAT64")
        case (0x01, 0) where starts(with: [0x01, 0, 0, 0, 0, 0, 0, 0]): return .never("discard-only")
        default: break
        }
        // ISATAP (RFC 5214): ::0:5efe:a.b.c.d below any prefix.
        if bytes[8] & 0xFD == 0, bytes[9] == 0, bytes[10] == 0x5E, bytes[11] == 0xFE { return embedded(at: 12, "ISATAP") }
        return .global
    }

    private func starts(with prefix: [UInt8]) -> Bool { bytes.starts(with: prefix) }

    private func embedded(at offset: Int, _ what: String) -> Reach {
        let inner = IPAddress.reach4(bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3])
        return inner == .global ? .global : .never("\(what)-embedded private")
    }
}
