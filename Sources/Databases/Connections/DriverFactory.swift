/// Opens the driver of a target's engine; tests put their own in its place.
struct DriverFactory: Sendable {
    let open: @Sendable (ConnectionTarget, ConnectOptions) throws(DatabaseError) -> any Driver

    /// The engines of this build. The only place that tells them apart.
    static let engines = DriverFactory { (target, options) throws(DatabaseError) -> any Driver in
        throw DatabaseError(
            .connectionFailed, phase: .connect, "This build has no driver for \(target.databaseType.rawValue).")
    }
}
