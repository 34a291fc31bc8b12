/// Opens the driver of a target's engine; tests put their own in its place.
struct DriverFactory: Sendable {
    let open: @Sendable (ConnectionTarget, ConnectOptions) throws(DatabaseError) -> any Driver

    /// The engines of this build. The only place that tells them apart.
    static let engines = DriverFactory { (target, options) throws(DatabaseError) -> any Driver in
        switch target.databaseType {
        case .mysql: try MariaDBDriver.open(target, options)
        case .sqlite: try SQLiteDriver.open(target, options)
        case .postgresql:
            throw DatabaseError(.connectionFailed, phase: .connect, "This build has no driver for PostgreSQL.")
        }
    }
}
