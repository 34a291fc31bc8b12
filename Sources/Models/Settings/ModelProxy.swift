/// An HTTP proxy on the way to a model server: where it is, and who logs in to it. Printing it shows no password.
public struct ModelProxy: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public let host: String
    public let port: Int
    /// Who logs in; nil: nobody.
    public let user: String?
    let password: String

    /// - Parameter text: `http://host:port` or `http://user:password@host:port`, user and password percent-encoded where they hold
    ///   anything but what RFC 3986 lets stand there.
    /// - Throws: ``ModelURL/Problem``, whose reason quotes nothing of the text.
    public init(_ text: String) throws(ModelURL.Problem) {
        guard text.lowercased().hasPrefix("http://") else { throw Self.form }
        let rest = text.dropFirst(7)
        guard let end = rest.lastIndex(of: "@") else {
            self.init(try Self.address(rest), user: nil, password: "")
            return
        }
        let login = rest[..<end].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let (user, password) = (try Self.decoded(login[0]), try login.count > 1 ? Self.decoded(login[1]) : "")
        guard !user.isEmpty, !user.contains(":") else {
            throw ModelURL.Problem(reason: "must name a user before its @, without a colon")
        }
        self.init(try Self.address(rest[rest.index(after: end)...]), user: user, password: password)
    }

    private init(_ url: ModelURL, user: String?, password: String) {
        (host, port) = (url.host, url.port)
        self.user = user
        self.password = password
    }

    private static var form: ModelURL.Problem {
        ModelURL.Problem(reason: "must be http://host:port or http://user:password@host:port")
    }

    private static func address(_ text: Substring) throws(ModelURL.Problem) -> ModelURL {
        let url = try ModelURL("http://" + text)
        guard url.path.isEmpty else { throw form }
        return url
    }

    /// What RFC 3986 lets stand in a user's part as it is.
    private static let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:".utf8)

    /// Percent-decoded, strictly.
    private static func decoded(_ text: Substring) throws(ModelURL.Problem) -> String {
        let problem = ModelURL.Problem(
            reason: "must have its user and password percent-encoded, as in http://ada:p%40ss@host:port")
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
                    throw problem
                }
                rest = rest.dropFirst(2)
                bytes.append(value)
            case _ where plain.contains(byte): bytes.append(byte)
            default: throw problem
            }
        }
        // It goes into a header.
        guard bytes.count <= ModelLimits.keyBytes, bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            let decoded = String(validating: bytes, as: UTF8.self)
        else { throw problem }
        return decoded
    }

    public var description: String { "http://\(user.map { _ in "***@" } ?? "")\(host):\(port)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
