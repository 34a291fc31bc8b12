import Glibc

extension ConnectionPolicy {
    /// The path of a Unix socket, or of the directory it is in, that may be used: in personal mode any absolute path; in
    /// shared mode one that exists and, after every symbolic link is followed, is one of ``socketDirectories`` or below it.
    /// Connect to what is answered, not to what was asked.
    ///
    /// Errors: `policy` (phase `policy`); in shared mode the same text whether the path exists or not.
    public func checkedSocketPath(_ path: String) throws(DatabaseError) -> String {
        guard path.hasPrefix("/"), !path.utf8.contains(0), path.utf8.count <= 4096 else {
            throw DatabaseError(.policy, phase: .policy, "A Unix socket is named by an absolute path.")
        }
        guard mode == .shared else { return path }
        if let real = realPath(path) {
            for directory in socketDirectories {
                guard let root = realPath(directory) else { continue }
                if real == root || real.hasPrefix(root == "/" ? root : root + "/") { return real }
            }
        }
        throw DatabaseError(
            .policy, phase: .policy, "This daemon does not allow that Unix socket; ask its operator to list its directory.")
    }

    private func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(validatingCString: resolved)
    }
}
