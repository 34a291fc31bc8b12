/// What may stand as a host in a connection string: a DNS name in ASCII, or an address in its standard spelling.
enum HostName {
    /// Refuses everything else. In particular the old spellings of IPv4 (`2130706433`, `0177.0.0.1`, `0x7f.1`, `127.1`),
    /// which C libraries still read and people do not.
    static func check(_ host: String) throws(DatabaseError) {
        guard !host.isEmpty, host.utf8.count <= 253 else {
            throw DatabaseError(.policy, phase: .policy, "A host name has 1 to 253 characters.")
        }
        if IPAddress(host) != nil { return }
        guard host.utf8.allSatisfy(isNameByte) else {
            throw DatabaseError(
                .policy, phase: .policy,
                "The host \"\(shown(host))\" is neither a name in ASCII (internationalised names in punycode) nor an address.")
        }
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let named = labels.last?.isEmpty == true ? labels.dropLast() : labels[...]
        guard !named.isEmpty, named.allSatisfy({ 1...63 ~= $0.count }) else {
            throw DatabaseError(.policy, phase: .policy, "The host \"\(shown(host))\" has an empty or overlong part.")
        }
        if let last = named.last, isNumber(last) {
            throw DatabaseError(
                .policy, phase: .policy,
                "The host \"\(shown(host))\" looks like an IPv4 address in an unusual spelling; write it as four decimal numbers."
            )
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Whether a last label makes the whole an IPv4 address (WHATWG URL, "ends in a number"): digits, or `0x` and hex digits.
    private static func isNumber(_ label: Substring.UTF8View.SubSequence) -> Bool {
        if label.allSatisfy({ 0x30...0x39 ~= $0 }) { return true }
        return label.count >= 2 && label.first == 0x30 && label.dropFirst().first.map { $0 | 0x20 } == UInt8(ascii: "x")
    }

    /// A host for a message: printable and short.
    static func shown(_ host: String) -> String {
        let printable = host.unicodeScalars.prefix(64).map { scalar in
            scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format ? "\u{FFFD}" : scalar
        }
        return String(String.UnicodeScalarView(printable)) + (host.unicodeScalars.count > 64 ? "…" : "")
    }
}
