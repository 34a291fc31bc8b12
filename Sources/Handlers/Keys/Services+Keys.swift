import Databases
import Logging
import Protocol
public import Security
import Store

/// Working with keys that may change at any time.
extension Services {
    /// Looks whether the keyring's file was replaced, and works with the new keys from then on.
    ///
    /// Sessions go on, but those that a token of a key attached that is no longer accepted.
    /// - Throws: why the file is not used, as ``CurrentKeyring/refresh()``; everything goes on with the keys there are.
    @discardableResult
    public func refreshKeyring() throws(SecurityError) -> Bool {
        let isChanged = try keys.refresh()
        // It is another file after each rotation.
        if let file = keys.file { forbid(FileIdentity(device: file.device, inode: file.inode)) }
        guard isChanged else { return false }
        // What is in memory may be under a key that is gone.
        store.forgetKnownProjects()
        let accepted = Set(keys.keyring.verificationKeys.map(\.id.description))
        let ended = sessions.end(unlessKeyIn: accepted)
        cancel(ofConnections: ended)
        let active = keys.keyring.keys.filter { $0.state == .active }
        logger.notice(
            "keyring adopted",
            metadata: [
                "signing": "\(active.first { $0.kind == .signing }?.id ?? "")",
                "sealing": "\(active.first { $0.kind == .sealing }?.id ?? "")", "connectionsEnded": "\(ended.count)",
            ])
        return true
    }

    /// Stops what runs for connections that have lost their session.
    func cancel(ofConnections ids: [String]) {
        for id in ids {
            running.cancel(ofConnection: id)
            turns.cancel(ofConnection: id)
        }
    }

    /// What a good token says. Errors: `invalid_token`.
    func verify(_ token: String, now: Int64) throws(SecurityError) -> VerifiedToken {
        do {
            return try keys.verifier.verify(token, now: now)
        } catch {
            // Another daemon may have issued it with a key that has just come; where the file is the same, this is one call of the
            // kernel. What is wrong with the file is told by who looks at it regularly.
            guard (try? refreshKeyring()) == true else { throw error }
            return try keys.verifier.verify(token, now: now)
        }
    }

    /// Seals for a place of the store, under the newest key.
    func seal(_ plaintext: [UInt8], _ column: SealedColumn, user: String, row: String) -> [UInt8] {
        keys.sealer.seal(plaintext, purpose: column.purpose, user: user, row: row)
    }

    /// Opens a sealed record of the store.
    ///
    /// One that does not open is audited: a line of the log, at level error, that says whose and which it is and what is wrong with
    /// it, for somebody changed the store. Errors: `unseal_failed`.
    func unseal(_ sealed: [UInt8], _ column: SealedColumn, user: String, row: String) throws(SecurityError) -> [UInt8] {
        do {
            return try keys.sealer.open(sealed, purpose: column.purpose, user: user, row: row)
        } catch {
            if (try? refreshKeyring()) == true,
                let opened = try? keys.sealer.open(sealed, purpose: column.purpose, user: user, row: row)
            {
                return opened
            }
            logger.error(
                "sealed record refused",
                metadata: [
                    "purpose": "\(column.purpose)", "user": "\(user)", "row": "\(row)", "reason": "\(error.debugDescription)",
                ])
            throw error
        }
    }
}

extension SealedColumn {
    /// Binds a record to its use: one that was moved to another column does not open. Never to be changed.
    var purpose: String {
        switch self {
        case .connectionString: "project.connectionString"
        case .preview: "query.preview"
        }
    }
}
