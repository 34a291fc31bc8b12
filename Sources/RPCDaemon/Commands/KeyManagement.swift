import Glibc
import Handlers
import Protocol
import Security
import Store

/// What the commands of `dbassistd keys` do and print.
struct KeyManagement {
    enum Order { case whatIsSafe, stage, use }

    /// How long after a key was replaced a daemon may still use it: it looks every two seconds, and writes may wait a little.
    private static let graceMs: Int64 = 60_000
    /// How long a daemon may take from one record to the next: it looks through all rows, and gives way to others.
    private static let patience = Duration.seconds(300)

    private let configuration: Configuration
    private var path: String { configuration.keyringPath }

    init(_ options: SettingOptions) throws(ConfigurationError) {
        configuration = try Configuration(Settings.load(options.overrides))
    }

    // MARK: List

    func list() throws {
        let keys = try Keyring.load(path: path).keys
        var use: KeyUse?
        var problem: Failure?
        do throws(Failure) { use = try self.use(of: keys) } catch { problem = error }
        let header = ["KIND", "ID", "STATE", "CREATED", "RECORDS", "TOKENS"]
        let known = keys.enumerated().map { index, key in
            let records = key.kind == .signing ? "-" : use.map { "\(Self.records(under: key.id, $0))" } ?? "?"
            let tokens = key.kind == .sealing ? "-" : use.map { Self.tokens(key, $0.sessionsEndAtMs[index]) } ?? "?"
            return [key.kind.rawValue, key.id, key.state.rawValue, Timestamp.format(key.createdAtMs), records, tokens]
        }
        let rows = known + Self.unknown(use, keys)
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        for row in [header] + rows {
            var line = row.enumerated().map { $1.padded(to: widths[$0]) }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            print(line)
        }
        if let problem { throw problem }
    }

    /// Keys that sealed something and are not here: another daemon's, which has a newer keyring.
    private static func unknown(_ use: KeyUse?, _ keys: [KeyDescription]) -> [[String]] {
        let ids = Set(use?.sealed.map { Hexadecimal.text($0.keyID) } ?? []).subtracting(keys.map(\.id))
        return ids.sorted().map { id in
            [KeyKind.sealing.rawValue, id, "unknown", "-", use.map { "\(records(under: id, $0))" } ?? "?", "-"]
        }
    }

    private static func tokens(_ key: KeyDescription, _ sessionsEndAtMs: Int64?) -> String {
        guard key.state == .active || key.state == .old, let endAtMs = sessionsEndAtMs, endAtMs > Timestamp.now() else {
            return "none"
        }
        return "until \(Timestamp.format(endAtMs))"
    }

    /// What depends on each of `keys`, in their order.
    private func use(of keys: [KeyDescription]) throws(Failure) -> KeyUse {
        if let file = configuration.store.path, access(file, F_OK) != 0 {
            return KeyUse(sealed: [], sessionsEndAtMs: keys.map { _ in nil })
        }
        let spans = keys.map { key in
            guard key.kind == .signing, let fromMs = key.usedFromMs else { return Int64(0)..<0 }
            // A session may have begun a little after its key was replaced: the daemon had not noticed yet. Nor are clocks exact.
            return fromMs - Self.graceMs..<max(fromMs, key.usedUntilMs.map { $0 + Self.graceMs } ?? .max)
        }
        do throws(StoreError) {
            return try Store.keyUse(configuration.store, sessionsBegunIn: spans)
        } catch {
            throw Failure("What depends on the keys cannot be told: \(error.message)", status: 1)
        }
    }

    private static func records(under id: String, _ use: KeyUse) -> Int {
        use.sealed.reduce(0) { $0 + (Hexadecimal.text($1.keyID) == id ? $1.records : 0) }
    }

    // MARK: Rotate

    func rotate(_ kinds: [KeyKind], _ order: Order) throws {
        let staged = Set(try Keyring.load(path: path).keys.filter { $0.state == .staged }.map(\.kind))
        let isShared = configuration.store.path == nil
        let toStage = kinds.filter { kind in
            switch order {
            case .stage: true
            case .use: false
            // Others may read what is sealed or signed here: they have to know the key first.
            case .whatIsSafe: isShared && !staged.contains(kind)
            }
        }
        let toUse = kinds.filter { !toStage.contains($0) }
        if !toUse.isEmpty {
            let keyring = try Keyring.rotate(toUse, path: path)
            for key in keyring.keys where key.state == .active && toUse.contains(key.kind) {
                print("\(key.kind.rawValue) key in use: \(key.id)")
            }
        }
        if !toStage.isEmpty {
            let keyring = try Keyring.stage(toStage, path: path)
            for key in keyring.keys where key.state == .staged && toStage.contains(key.kind) {
                print("\(key.kind.rawValue) key staged: \(key.id)")
            }
            print("Copy \(path) to every other daemon on this store, then run this again to put what is staged to use.")
        }
    }

    // MARK: Retire

    func retire(_ id: String, force: Bool) throws {
        let keyring = try Keyring.load(path: path)
        guard let key = keyring.key(id) else {
            throw Failure("The keyring has no key \(id); dbassistd keys list shows those it has.", status: 1)
        }
        switch key.state {
        case .retired: return print("\(key.kind.rawValue) key retired already: \(id)")
        case .active:
            throw Failure(
                "Key \(id) is in use; run dbassistd keys rotate \(key.kind.rawValue) first.", status: 1)
        case .staged:
            throw Failure(
                "Key \(id) is staged for the next rotation; run dbassistd keys rotate \(key.kind.rawValue) first.", status: 1)
        case .old: break
        }
        let use = try use(of: [key])
        switch key.kind {
        case .sealing: try checkSealing(key, use)
        case .signing:
            if !force, let endAtMs = use.sessionsEndAtMs[0], endAtMs > Timestamp.now() {
                throw Failure(
                    "Tokens of key \(id) may be valid until \(Timestamp.format(endAtMs)); wait until then, or use --force to refuse them now.",
                    status: 1)
            }
        }
        _ = try Keyring.retire(path: path, id: id)
        print("\(key.kind.rawValue) key retired: \(id)")
    }

    /// A record under a retired key could not be opened any more: `--force` is of no help here.
    private func checkSealing(_ key: KeyDescription, _ use: KeyUse) throws(Failure) {
        let records = Self.records(under: key.id, use)
        guard records == 0 else {
            throw Failure(
                "\(records) records of the store are under key \(key.id); run dbassistd keys reseal, then try again.", status: 1)
        }
        let safeAtMs = (key.usedUntilMs ?? 0) + Self.graceMs
        guard safeAtMs <= Timestamp.now() else {
            throw Failure(
                "A daemon may still seal with key \(key.id), which was replaced a moment ago; try again after \(Timestamp.format(safeAtMs)).",
                status: 1)
        }
    }

    // MARK: Reseal

    func reseal() async throws {
        let keyring = try Keyring.load(path: path)
        let store: Store
        do throws(StoreError) {
            store = try await Store.open(configuration.store, installation: keyring.installation, nowMs: Timestamp.now())
        } catch {
            guard error.code == .locked else { throw Failure(error.message, status: 1) }
            return try await waitForDaemon()
        }
        let sealer = Sealer(keyring: keyring)
        let outcome: Resealing.Outcome
        do {
            outcome = try await Resealing(store, sealer: { sealer }).pass { done in
                StandardError.progress("sealed anew: \(done.resealed) records")
            }
            await store.close()
        } catch {
            await store.close()
            throw Failure((error as? StoreError)?.message ?? "\(error)", status: 1)
        }
        StandardError.progress("")
        print("sealed anew: \(outcome.resealed) records")
        guard outcome.unreadable == 0 else {
            throw Failure(
                "\(outcome.unreadable) records do not open and were left as they are: somebody changed the store; set them again with project.update.",
                status: 1)
        }
    }

    /// The daemon has the store and does it.
    private func waitForDaemon() async throws {
        var left = try recordsLeft()
        print("the daemon seals \(left) records anew")
        var progressed = ContinuousClock.now
        while left > 0 {
            StandardError.progress("\(left) records are left")
            guard ContinuousClock.now - progressed < Self.patience else {
                throw Failure(
                    "\(left) records are left, and their number has not changed for minutes; the daemon's log says why.",
                    status: 1)
            }
            try await Task.sleep(for: .milliseconds(500))
            let before = left
            left = try recordsLeft()
            if left != before { progressed = .now }
        }
        StandardError.progress("")
        print("done")
    }

    /// Records under keys that are old now.
    private func recordsLeft() throws -> Int {
        let keys = try Keyring.load(path: path).keys
        let use = try use(of: keys)
        return keys.reduce(0) { $0 + ($1.state == .old ? Self.records(under: $1.id, use) : 0) }
    }
}
