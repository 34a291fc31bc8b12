internal import Databases

/// Whose store it is: what is sealed in it can be opened with one keyring only.
enum Installation {
    private static let name = "installation"

    /// Notes the keyring of a store that has none yet. Throws `otherKeyring` where another one was noted.
    static func claim(_ session: StoreSession, _ installation: String) throws(StoreError) {
        guard var row = try session.first("SELECT value FROM store_settings WHERE name = $1", [.text(name)]) else {
            try session.change(
                "INSERT INTO store_settings (name, value) VALUES ($1, $2)", [.text(name), .text(installation)])
            return
        }
        let owner = try row.text()
        guard owner != installation else { return }
        throw StoreError(
            .otherKeyring,
            """
            The store belongs to the keyring of installation \(owner), and the keyring here is of \(installation); put the right \
            keyring into the state directory, or name another store.
            """)
    }
}
