extension ConnectionTarget {
    /// Checks as much of the policy as can be checked without connecting or resolving a name: files, Unix sockets, and hosts
    /// that are addresses. The whole policy is checked again at every connect.
    ///
    /// Errors: `policy` (phase `policy`); for a file also `unknown_database` and `not_a_database`.
    public func check(_ policy: ConnectionPolicy) throws(DatabaseError) {
        switch location {
        case .file(let path): _ = try SQLiteFilePolicy.check(path, policy)
        case .unixSocket(let path, _): _ = try policy.checkedSocketPath(path)
        case .tcp(let host, _):
            try HostName.check(host)
            if let literal = IPAddress(host) { try policy.check(literal, of: host) }
        }
    }
}
