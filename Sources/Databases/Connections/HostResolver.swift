/// Turns the host of a connection string into addresses that were checked, once.
///
/// A driver connects to ``CheckedAddress/numeric`` and to nothing else, and passes ``CheckedAddress/host`` to the client
/// library only as the name to verify in the server's certificate: a name that resolves differently a moment later
/// (DNS rebinding) then changes nothing.
///
///     let addresses = try HostResolver.system.resolve(host, policy: options.policy, timeoutMs: 10_000)
///     for address in addresses {                       // in the resolver's order; try the next when one does not answer
///         let tls = try options.policy.tlsMode(target.tls, to: address)
///         … connect to address.numeric …
///     }
///
/// Unix sockets are checked with ``ConnectionPolicy/checkedSocketPath(_:)``.
public struct HostResolver: Sendable {
    /// Looks a name up: every address it has, no duplicates. Throws `host_not_found` or `connect_timeout`, phase `resolve`.
    public typealias Lookup = @Sendable (_ name: String, _ timeoutMs: Int) throws(DatabaseError) -> [IPAddress]

    private let lookup: Lookup

    /// A resolver on a lookup of your own: what a test uses to answer differently each time.
    public init(lookup: @escaping Lookup) {
        self.lookup = lookup
    }

    /// The machine's own resolver (`getaddrinfo`).
    public static let system = HostResolver(lookup: SystemLookup.addresses)

    /// The addresses of `host`, each of which `policy` allows; at least one, at most eight.
    ///
    /// One address that is not allowed refuses the whole host: such a name is a mistake or an attempt.
    ///
    /// Errors: `policy` (phase `policy`) for an address or a spelling that is not allowed, `host_not_found` and
    /// `connect_timeout` (phase `resolve`).
    public func resolve(_ host: String, policy: ConnectionPolicy, timeoutMs: Int) throws(DatabaseError) -> [CheckedAddress] {
        try HostName.check(host)
        let addresses = if let literal = IPAddress(host) { [literal] } else { try lookup(host, timeoutMs) }
        guard !addresses.isEmpty else { throw HostResolver.notFound(host) }
        for address in addresses { try policy.check(address, of: host) }
        return addresses.prefix(8).map { CheckedAddress(host: host, address: $0) }
    }

    static func notFound(_ host: String) -> DatabaseError {
        DatabaseError(
            .hostNotFound, phase: .resolve,
            "The host \"\(HostName.shown(host))\" was not found; check its spelling and the network.",
            retryable: true)
    }
}

/// An address that the policy allows, and the name it was asked by.
public struct CheckedAddress: Sendable, Equatable {
    /// The host as the connection string has it: the name to verify in a certificate, never to resolve again.
    public let host: String
    public let address: IPAddress
    /// What to connect to, in digits.
    public var numeric: String { address.description }
}

extension ConnectionPolicy {
    /// Refuses an address that may not be reached.
    func check(_ address: IPAddress, of host: String) throws(DatabaseError) {
        switch address.reach {
        case .never(let kind):
            throw DatabaseError(
                .policy, phase: .policy, "The host \"\(HostName.shown(host))\" is a \(kind) address, which is never allowed.")
        case .loopback, .private:
            guard mode == .personal || allowPrivateAddresses else {
                throw DatabaseError(
                    .policy, phase: .policy,
                    "The host \"\(HostName.shown(host))\" is on a loopback or private network, which this daemon does not allow; "
                        + "ask its operator.")
            }
        case .global: break
        }
    }

    /// The TLS mode to use with `address`, given what the connection string asks: a remote server is reached with TLS or
    /// not at all where the operator wants it so (`prefer` becomes `require`; `disable` is refused with code `policy`).
    public func tlsMode(
        _ asked: ConnectionTarget.TLSMode, to address: CheckedAddress
    ) throws(DatabaseError) -> ConnectionTarget.TLSMode {
        guard requireTLSForRemote, address.address.reach == .global else { return asked }
        switch asked {
        case .disable:
            throw DatabaseError(
                .policy, phase: .policy,
                "A server outside this machine's own networks must be reached with TLS; set sslmode to require or better.")
        case .prefer: return .require
        case .require, .verifyCA, .verifyFull: return asked
        }
    }
}
