/// The keyring and its file. These block for a few milliseconds: they are for start-up and for an operator's commands.
///
/// Messages of the errors name the path and say what to do; they are for whoever runs the daemon.
extension Keyring {
    /// Reads the keyring at `path`.
    /// - Throws: `keyringMissing`; `keyringPermissions` or `keyringOwner` if file or directory may be used by others;
    ///   `keyringNotAFile` for a symbolic link, FIFO, device or directory; `keyringDamaged`, `keyringVersion`,
    ///   `keyringDuplicateKey`; `keyringIO`.
    public static func load(path: String) throws(SecurityError) -> Keyring {
        try KeyringText.decode(try KeyringFile(path: path).read())
    }

    /// Makes a keyring with new keys at `path`, and the directories above it.
    ///
    /// It is on disk when this returns. Of several processes at once exactly one succeeds.
    /// - Throws: `keyringExists` if there is anything at `path`; as ``load(path:)``.
    public static func create(path: String, now: Int64 = Timestamp.now()) throws(SecurityError) -> Keyring {
        try write(to: path) { () throws(SecurityError) in try generate(now: now) }
    }

    /// Reads the keyring at `path`, or makes one where there is none; of several processes at once all get the same.
    public static func loadOrCreate(path: String, now: Int64 = Timestamp.now()) throws(SecurityError) -> Keyring {
        do throws(SecurityError) {
            return try load(path: path)
        } catch  where error.code == .keyringMissing {
            do throws(SecurityError) {
                return try create(path: path, now: now)
            } catch  where error.code == .keyringExists {
                return try load(path: path)
            }
        }
    }

    /// Copies the keyring at `path` to a place where there is none; it is on disk when this returns.
    /// - Throws: `keyringExists` if there is anything at `copy`; as ``load(path:)``.
    public static func copy(from path: String, to copy: String) throws(SecurityError) {
        let keyring = try load(path: path)
        _ = try write(to: copy) { keyring }
    }

    private static func write(
        to path: String, _ make: () throws(SecurityError) -> Keyring
    ) throws(SecurityError) -> Keyring {
        let file = try KeyringFile(path: path, creating: true)
        try file.lock()
        let keyring = try make()
        try file.create(KeyringText.encode(keyring))
        return keyring
    }

    // MARK: Rotation

    /// Puts a new key of each of `kinds` to use: the staged one, or one made now. What older ones signed or sealed stays valid.
    ///
    /// The file is replaced in one step: whenever this is killed, the old or the new keyring is there, whole.
    /// - Throws: `keyringKeyInUse` where there are too many keys to add one; as ``load(path:)``.
    public static func rotate(
        _ kinds: [KeyKind], path: String, now: Int64 = Timestamp.now()
    ) throws(SecurityError) -> Keyring {
        try change(path, each: kinds) { keyring, kind throws(SecurityError) in try keyring.rotating(kind, now: now) }
    }

    /// Adds a key of each of `kinds` that verifies or opens and is not used yet, so that other daemons can get to know it first.
    /// Where one is staged already it stays the one. Errors: as ``rotate(_:path:now:)``.
    public static func stage(
        _ kinds: [KeyKind], path: String, now: Int64 = Timestamp.now()
    ) throws(SecurityError) -> Keyring {
        try change(path, each: kinds) { keyring, kind throws(SecurityError) in try keyring.staging(kind, now: now) }
    }

    /// Takes a key out of use for good: its tokens or records are refused. Its bytes stay in the file.
    /// - Parameter id: as in the file: `k4.pid.…` of a signing key, 16 hexadecimal digits of a sealing key.
    /// - Throws: `invalidKey` if there is no such key, `keyringKeyInUse` if it is the newest or staged; as ``load(path:)``.
    public static func retire(path: String, id: String) throws(SecurityError) -> Keyring {
        try change(path) { keyring throws(SecurityError) in try keyring.retiring(id) }
    }

    private static func change(
        _ path: String, each kinds: [KeyKind], _ step: (Keyring, KeyKind) throws(SecurityError) -> Keyring
    ) throws(SecurityError) -> Keyring {
        try change(path) { keyring throws(SecurityError) in
            var keyring = keyring
            for kind in kinds { keyring = try step(keyring, kind) }
            return keyring
        }
    }

    private static func change(
        _ path: String, _ body: (Keyring) throws(SecurityError) -> Keyring
    ) throws(SecurityError) -> Keyring {
        let file = try KeyringFile(path: path)
        try file.lock()
        let changed = try body(try KeyringText.decode(try file.read()))
        try file.replace(KeyringText.encode(changed))
        return changed
    }
}
