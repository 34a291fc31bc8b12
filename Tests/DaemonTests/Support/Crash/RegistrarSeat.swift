import Synchronization
import TestSupport

/// Accounts and sessions as those who made them know them.
final class AccountBook: Sendable {
    struct Session: Sendable {
        var account: String
        var token: String
        /// A token made from it that allows less.
        var narrowed: String?
    }

    private struct State {
        var sessions: [String: Session] = [:]
        /// Password hashes that have been tried, by account.
        var hashes: [String: (hash: String, password: String)] = [:]
        var touched: Set<String> = []
    }

    private let state = Mutex(State())

    /// Accounts that somebody has worked with since they were asked for.
    func takeTouched() -> Set<String> {
        state.withLock { state in
            defer { state.touched = [] }
            return state.touched
        }
    }

    func touch(_ account: String) { state.withLock { _ = $0.touched.insert(account) } }

    func session(_ tag: String) -> Session? { state.withLock { $0.sessions[tag] } }
    func keep(_ tag: String, _ session: Session) { state.withLock { $0.sessions[tag] = session } }
    var sessionTags: [String] { state.withLock { Array($0.sessions.keys) } }

    func triedPassword(_ account: String, _ hash: String) -> String? {
        state.withLock { $0.hashes[account].flatMap { $0.hash == hash ? $0.password : nil } }
    }

    func keepTried(_ account: String, _ hash: String, _ password: String) {
        state.withLock { $0.hashes[account] = (hash, password) }
    }
}

/// An account in words.
struct AccountFacts: Sendable {
    var email: String
    var name: String
    var password: String

    init(email: String, name: String, password: String) {
        self.email = email
        self.name = name
        self.password = password
    }

    /// From ``state``; nil where it is none.
    init?(_ state: String) {
        let parts = state.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { return nil }
        self.init(email: parts[0], name: parts[1], password: parts[2])
    }

    var state: String { "\(email)|\(name)|\(password)" }

    /// An address is the account's tag, a plus sign and the number of the address.
    var tag: String { String(email.prefix { $0 != "+" }) }
}

/// A client that makes accounts, changes them, and opens and ends their sessions.
struct RegistrarSeat: CrashSeat {
    let world: CrashWorld
    private let number: Int
    private let round: Int
    private let daemon: DaemonProcess
    private var made = 0

    init(_ world: CrashWorld, _ number: Int, round: Int, _ daemon: DaemonProcess) {
        self.world = world
        self.number = number
        self.round = round
        self.daemon = daemon
    }

    private mutating func newTag(_ letter: String) -> String {
        made += 1
        return "\(letter)\(number).\(round).\(made)"
    }

    private struct Account {
        var facts: AccountFacts
        var key: CrashModel.Key
        /// Tags of sessions that are open and whose tokens are known.
        var sessions: [CrashModel.Entry]
    }

    private func sessions(of account: String) -> [CrashModel.Entry] {
        model.children(of: account).filter { $0.key.kind == .session }
    }

    /// One of this client's accounts of which everything is known.
    private func account() -> Account? {
        let mine = "a\(number).\(round)."
        let known = model.settled(.account) { $0.key.name.hasPrefix(mine) }.shuffled()
        for entry in known {
            let sessions = self.sessions(of: entry.key.name)
            guard sessions.allSatisfy(\.isSettled), let state = entry.state, let facts = AccountFacts(state) else { continue }
            world.accounts.touch(entry.key.name)
            let usable = sessions.filter { world.accounts.session($0.key.name) != nil }
            return Account(facts: facts, key: entry.key, sessions: usable)
        }
        return nil
    }

    mutating func step() async throws {
        guard let account = account() else { return try await signUp() }
        guard let session = account.sessions.randomElement(), let token = world.accounts.session(session.key.name)?.token else {
            return try await logIn(account)
        }
        switch Int.random(in: 0..<100) {
        case 0..<4: try await signUp()
        case 4..<14: try await logIn(account)
        case 14..<46: try await refresh(account, session, token)
        case 46..<72: try await rename(account, token)
        case 72..<78: try await move(account, token)
        case 78..<84: try await logOut(session, token)
        case 84..<90: try await revoke(account, session, token)
        case 90..<95: try await changePassword(account, token)
        default: try await deleteOlder()
        }
    }

    /// Some ten requests, half of which cost a password's hash; or only the first few.
    mutating func script(isShort: Bool) async throws {
        try await signUp()
        let steps = [Self.refreshing, Self.renaming, Self.loggingOut]
        let more = [Self.loggingIn, Self.moving, Self.loggingIn, Self.revoking, Self.changing, Self.refreshing]
        for step in isShort ? steps : Array(steps.dropLast()) + more + [Self.loggingOut] {
            guard let account = account() else { return }
            try await step(&self, account)
        }
    }

    private typealias Step = @Sendable (inout RegistrarSeat, Account) async throws -> Void

    /// A step that needs a session; without one it is left out.
    private static func within(
        _ body: @escaping @Sendable (inout RegistrarSeat, Account, CrashModel.Entry, String) async throws -> Void
    ) -> Step {
        { seat, account in
            guard let session = account.sessions.first, let token = seat.world.accounts.session(session.key.name)?.token else {
                return
            }
            try await body(&seat, account, session, token)
        }
    }

    private static let loggingIn: Step = { try await $0.logIn($1) }
    private static let refreshing = within { try await $0.refresh($1, $2, $3) }
    private static let renaming = within { try await $0.rename($1, $3) }
    private static let moving = within { try await $0.move($1, $3) }
    private static let revoking = within { try await $0.revoke($1, $2, $3) }
    private static let changing = within { try await $0.changePassword($1, $3) }
    private static let loggingOut = within { try await $0.logOut($2, $3) }

    /// A connection whose sessions will be known by `tag`, with a session if `token` is one's.
    private func connect(_ tag: String, _ token: String? = nil) async throws -> TestClient {
        let client = try daemon.client()
        try await client.call("initialize", ["clientInfo": ["name": .string(tag), "version": "1"], "capabilities": [:]])
        if let token { try await ask("auth.attach", ["token": .string(token)], on: client) }
        return client
    }

    /// One that has nothing of the account's name or address, which would be refused.
    private static func password(_ round: Int, _ made: Int) -> String { "seven ships sail at \(round) past \(made)" }

    /// Keeps the token of a session that was begun, and one that is narrowed from it.
    private func keep(_ answer: JSONValue?, _ tag: String, of account: String, _ client: TestClient) async throws {
        guard let token = answer?["token"].string else { return }
        var session = AccountBook.Session(account: account, token: token)
        world.accounts.keep(tag, session)
        guard made % 3 == 0 else { return }
        session.narrowed = try await ask("auth.attenuate", ["methods": ["auth.whoami"]], on: client)["token"].string
        world.accounts.keep(tag, session)
    }

    private static func live(_ tag: String) -> CrashModel.Change { .init(.init(.session, tag), .exactly("open")) }

    /// A session that is begun once all else is done.
    private static func liveLater(_ tag: String) -> CrashModel.Change {
        .init(.init(.session, tag), .exactly("open"), .exactly(nil))
    }
    private static func ended(_ session: CrashModel.Entry) -> CrashModel.Change { .init(session.key, .exactly(nil)) }

    // MARK: Accounts

    private mutating func signUp() async throws {
        let (tag, session) = (newTag("a"), newTag("s"))
        let facts = AccountFacts(email: "\(tag)+0@example.com", name: "Name of \(tag)", password: Self.password(round, made))
        world.accounts.touch(tag)
        let client = try await connect(session)
        let changes: [CrashModel.Change] = [.init(.init(.account, tag), .exactly(facts.state)), Self.liveLater(session)]
        let answer = try await write(
            "auth.signup",
            ["email": .string(facts.email), "name": .string(facts.name), "password": .string(facts.password)], on: client,
            changes,
            parent: tag)
        try await keep(answer, session, of: tag, client)
    }

    private mutating func rename(_ account: Account, _ token: String) async throws {
        var facts = account.facts
        made += 1
        facts.name = "Name \(made) of \(facts.tag)"
        try await write(
            "auth.updateProfile", ["name": .string(facts.name)], on: connect(newTag("s"), token),
            [.init(account.key, .exactly(facts.state))])
    }

    /// Another address and another name at once.
    private mutating func move(_ account: Account, _ token: String) async throws {
        var facts = account.facts
        made += 1
        facts.email = "\(facts.tag)+\(made)@example.com"
        facts.name = "Name \(made) of \(facts.tag)"
        try await write(
            "auth.updateProfile",
            ["email": .string(facts.email), "name": .string(facts.name), "currentPassword": .string(facts.password)],
            on: connect(newTag("s"), token), [.init(account.key, .exactly(facts.state))])
    }

    private mutating func changePassword(_ account: Account, _ token: String) async throws {
        var facts = account.facts
        made += 1
        facts.password = Self.password(round, made)
        let session = newTag("s")
        let client = try await connect(session, token)
        let answer = try await write(
            "auth.changePassword",
            ["currentPassword": .string(account.facts.password), "newPassword": .string(facts.password)], on: client,
            [.init(account.key, .exactly(facts.state)), Self.liveLater(session)]
                + sessions(of: facts.tag).map(Self.ended), parent: facts.tag)
        try await keep(answer, session, of: facts.tag, client)
    }

    /// One of an earlier round. A few stay for ever.
    private func deleteOlder() async throws {
        let (mine, current) = ("a\(number).", "a\(number).\(round).")
        let older = model.settled(.account) { $0.key.name.hasPrefix(mine) && !$0.key.name.hasPrefix(current) }
        for account in older.shuffled().prefix(2) where !account.key.name.contains("5.") {
            guard let facts = account.state.flatMap({ AccountFacts($0) }) else { continue }
            let sessions = self.sessions(of: account.key.name)
            guard sessions.allSatisfy(\.isSettled),
                let token = sessions.compactMap({ world.accounts.session($0.key.name)?.token }).first
            else { continue }
            world.accounts.touch(account.key.name)
            try await write(
                "auth.deleteAccount", ["currentPassword": .string(facts.password)], on: connect("deletes", token),
                sessions.map(Self.ended) + [.init(account.key, .exactly(nil))], .lastIsLast)
        }
    }

    // MARK: Sessions

    private mutating func logIn(_ account: Account) async throws {
        let session = newTag("s")
        let client = try await connect(session)
        let answer = try await write(
            "auth.login", ["email": .string(account.facts.email), "password": .string(account.facts.password)], on: client,
            [Self.live(session)], parent: account.facts.tag)
        try await keep(answer, session, of: account.facts.tag, client)
    }

    private mutating func refresh(_ account: Account, _ old: CrashModel.Entry, _ token: String) async throws {
        let session = newTag("s")
        let client = try await connect(session, token)
        let answer = try await write(
            "auth.refresh", nil, on: client, [Self.ended(old), Self.live(session)], parent: account.facts.tag)
        try await keep(answer, session, of: account.facts.tag, client)
    }

    private mutating func logOut(_ session: CrashModel.Entry, _ token: String) async throws {
        try await write("auth.logout", nil, on: connect(newTag("s"), token), [Self.ended(session)])
    }

    /// One of the others, or all of them.
    private mutating func revoke(_ account: Account, _ session: CrashModel.Entry, _ token: String) async throws {
        let others = sessions(of: account.facts.tag).filter { $0.key != session.key }
        guard let one = others.randomElement() else { return try await logIn(account) }
        let client = try await connect(newTag("s"), token)
        if Bool.random() {
            try await write("auth.revoke", ["others": true], on: client, others.map(Self.ended))
        } else {
            let listed = try await ask("auth.sessions", ["limit": 200], on: client)["items"].array ?? []
            guard let id = listed.first(where: { $0["client"].string == "\(one.key.name)/1" })?["id"] else {
                throw ChildProcess.Failure("\(one.key) is not in \(listed)")
            }
            try await write("auth.revoke", ["sessionId": id], on: client, [Self.ended(one)])
        }
    }
}
