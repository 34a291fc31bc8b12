// Schema 4: what the store says of itself.
extension Schema {
    /// `installation` is the id of the keyring that sealed what is in here.
    static let fourth = """
        CREATE TABLE store_settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)
        """
}
