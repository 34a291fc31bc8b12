import Protocol

/// What a session token says, once it has been verified.
public struct SessionClaims: Sendable, Equatable {
    /// The user's id (`sub`).
    public var user: String
    /// The session's id (`jti`): what is stored, listed and revoked. Never revoke by a token's text.
    public var session: String
    /// When it was issued (`iat`), in Unix milliseconds.
    public var issuedAtMs: Int64
    /// From when it is valid (`nbf`), in Unix milliseconds.
    public var notBeforeMs: Int64
    /// From when it is no longer valid (`exp`), in Unix milliseconds.
    public var expiresAtMs: Int64

    public init(user: String, session: String, issuedAtMs: Int64, notBeforeMs: Int64, expiresAtMs: Int64) {
        self.user = user
        self.session = session
        self.issuedAtMs = issuedAtMs
        self.notBeforeMs = notBeforeMs
        self.expiresAtMs = expiresAtMs
    }
}

/// The JSON inside a session token: seven claims, all strings, and nothing else.
enum SessionToken {
    static let issuer = "dbassistd"
    private static let names: [StaticString] = ["iss", "sub", "aud", "jti", "iat", "nbf", "exp"]

    static func payload(_ claims: SessionClaims, installation: String) -> [UInt8] {
        var writer = JSONWriter()
        let values = [
            issuer, claims.user, installation, claims.session, Timestamp.format(claims.issuedAtMs),
            Timestamp.format(claims.notBeforeMs), Timestamp.format(claims.expiresAtMs),
        ]
        for (index, value) in values.enumerated() {
            writer.raw(index == 0 ? "{\"" : ",\"")
            writer.raw(names[index])
            writer.raw("\":")
            writer.string(value)
        }
        writer.raw("}")
        return writer.withUnsafeBytes { Array($0) }
    }

    /// The claims of a verified payload that was meant for `installation`.
    static func claims(_ payload: [UInt8], installation: String) throws(SecurityError) -> SessionClaims {
        let values = try strings(payload, names)
        guard equal(values[0], issuer) else { throw .invalidToken("another issuer") }
        guard equal(values[2], installation) else { throw .invalidToken("another installation's") }
        guard !values[1].isEmpty, !values[3].isEmpty else { throw .invalidToken("sub or jti is empty") }
        guard let issuedAt = Timestamp.parse(values[4]), let notBefore = Timestamp.parse(values[5]),
            let expiresAt = Timestamp.parse(values[6])
        else { throw .invalidToken("iat, nbf or exp is not an RFC 3339 instant in UTC") }
        return SessionClaims(
            user: values[1], session: values[3], issuedAtMs: issuedAt, notBeforeMs: notBefore, expiresAtMs: expiresAt)
    }

    // MARK: The footer

    static func footer(_ key: KeyID) -> [UInt8] { Array("{\"kid\":\"\(key)\"}".utf8) }

    /// The key id a footer names: an object with that member and no other.
    static func keyID(footer: [UInt8]) throws(SecurityError) -> String { try strings(footer, ["kid"])[0] }

    /// What a token is bound to without saying it.
    static func implicitAssertion(installation: String) -> [UInt8] {
        var writer = JSONWriter(capacity: 128)
        writer.raw("{\"installation\":")
        writer.string(installation)
        writer.raw("}")
        return writer.withUnsafeBytes { Array($0) }
    }

    // MARK: Reading

    /// The values of a flat object that has exactly the members `names`, all strings, in any order.
    private static func strings(_ text: [UInt8], _ names: [StaticString]) throws(SecurityError) -> [String] {
        let result: Result<[String], SecurityError> = text.withUnsafeBytes { bytes in
            do throws(JSONSyntaxError) {
                try JSONScanner.check(bytes, depthMax: 1)
            } catch {
                return .failure(.invalidToken("not strict JSON: \(error.reason.rawValue) at \(error.offset)"))
            }
            do throws(JSONMismatch) {
                return .success(try members(bytes, names))
            } catch {
                return .failure(.invalidToken("\(error.member.map { "\($0) " } ?? "")\(error.reason) at \(error.offset)"))
            }
        }
        return try result.get()
    }

    private static func members(
        _ bytes: UnsafeRawBufferPointer, _ names: [StaticString]
    ) throws(JSONMismatch) -> [String] {
        var values = [String?](repeating: nil, count: names.count)
        var reader = JSONReader(bytes)
        try reader.enterObject()
        while let name = reader.nextMember() {
            guard let index = name.index(in: names) else { throw JSONMismatch(at: name.offset, "is unknown") }
            values[index] = try reader.string()
        }
        guard let missing = values.firstIndex(of: nil) else { return values.compactMap(\.self) }
        throw JSONMismatch(at: 0, member: "\(names[missing])", "is missing")
    }

    /// Equal as bytes; Swift's `==` would let two Unicode spellings pass for one.
    private static func equal(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}
