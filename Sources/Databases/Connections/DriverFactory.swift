/// Opens the driver of a target's engine; tests put their own in its place.
struct DriverFactory: Sendable {
    let open: @Sendable (ConnectionTarget, ConnectOptions) throws(DatabaseError) -> any Driver

    /// The engines we speak to. The only place that tells them apart.
    static let engines = DriverFactory { (target, options) throws(DatabaseError) -> any Driver in
        switch target.databaseType {
        case .postgresql: try PostgreSQLDriver.open(target, options)
        case .mysql: try MariaDBDriver.open(target, options)
        case .sqlite: try SQLiteDriver.open(target, options)
        }
    }
}
