/// The address of an endpoint, checked: `http` or `https`, a host, no user, query or fragment.
public struct ModelURL: Sendable, Equatable {
    /// Why a text is none: completes "the setting …".
    public struct Problem: Error, Sendable, Equatable {
        public let reason: String
        public init(reason: String) { self.reason = reason }
    }

    public let isTLS: Bool
    /// In lower case, an IPv6 address without brackets.
    public let host: String
    public let port: Int
    /// With no slash at its end; often `/v1`.
    public let path: String

    /// - Throws: ``Problem``.
    public init(_ text: String) throws(Problem) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Self.forbidden.contains($0) }) else {
            throw Problem(reason: "must be a URL of plain ASCII characters")
        }
        let rest: Substring
        if text.lowercased().hasPrefix("https://") {
            (isTLS, rest) = (true, text.dropFirst(8))
        } else if text.lowercased().hasPrefix("http://") {
            (isTLS, rest) = (false, text.dropFirst(7))
        } else {
            throw Problem(reason: "must begin with http:// or https://")
        }
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Problem(reason: "must have no query and no fragment")
        }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else {
            throw Problem(reason: "must have no user or password in it: the key belongs into a key file")
        }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path.removeLast() }
        self.path = String(path)
        let (host, port) = try Self.split(authority)
        guard !host.isEmpty else { throw Problem(reason: "must name a host") }
        self.host = host.lowercased()
        self.port = port ?? (isTLS ? 443 : 80)
    }

    /// Characters that some parsers of URLs read differently from others.
    private static let forbidden = Set("\"<>\\^`{|}".utf8)

    private static func split(_ authority: Substring) throws(Problem) -> (host: String, port: Int?) {
        let host: Substring
        var behind: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw Problem(reason: "must close the bracket of its address") }
            host = authority[authority.index(after: authority.startIndex)..<end]
            behind = authority[authority.index(after: end)...]
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                throw Problem(reason: "must have an IPv6 address between its brackets")
            }
        } else {
            host = authority.prefix { $0 != ":" }
            behind = authority.dropFirst(host.count)
            guard host.allSatisfy({ $0.isLetter || $0.isNumber || "-._".contains($0) }) else {
                throw Problem(reason: "must name a host of letters, digits, dots and dashes")
            }
        }
        guard behind.first == ":" else {
            guard behind.isEmpty else { throw Problem(reason: "must have nothing but a port behind its host") }
            return (String(host), nil)
        }
        behind = behind.dropFirst()
        guard behind.allSatisfy(\.isNumber), let port = Int(behind), (1...65_535).contains(port) else {
            throw Problem(reason: "must have a port from 1 to 65535")
        }
        return (String(host), port)
    }

    /// Whether the host is this machine by its name or address, whatever a resolver would say.
    public var isLoopback: Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// What stands in a `Host` header and before the path.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The URL of `resource`, which begins with a slash, below this one.
    func appending(_ resource: String) -> String { "\(isTLS ? "https" : "http")://\(authority)\(path)\(resource)" }
}
