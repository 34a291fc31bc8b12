import Glibc

/// A throw-away MariaDB server for tests: its own data, Unix socket and loopback port, gone when the process is.
///
/// It has the database `app` and the accounts ``root`` (everything, FILE and SUPER included) and ``plain`` (all of `app`), a
/// self-signed certificate for `localhost`, `local_infile` on and no `secure_file_priv`: as open as a server can be.
///
/// Where the environment names a directory in `DBASSIST_TEST_MARIADB`, the server described there is used instead of starting
/// one: the directory has `port` (the number, as text) and `mysqld.sock`, and the server was made by ``start()``'s recipe.
public final class MariaDBServer: Sendable {
    public let directory: String
    public let port: Int
    public let socketPath: String
    /// Writing end of a pipe; when it closes, in whatever way this process ends, the server is stopped and its files removed.
    private let leash: Int32?

    public static let root = (user: "boss", password: "boss-secret")
    public static let plain = (user: "plain", password: "plain-secret")

    /// The server of this test process, started on first use.
    public static let shared: Result<MariaDBServer, MariaDBServerFailure> = {
        if let directory = getenv("DBASSIST_TEST_MARIADB").map({ String(cString: $0) }) {
            return existing(directory)
        }
        do throws(MariaDBServerFailure) { return .success(try start()) } catch { return .failure(error) }
    }()

    private init(directory: String, port: Int, leash: Int32?) {
        self.directory = directory
        self.port = port
        self.leash = leash
        socketPath = directory + "/mysqld.sock"
    }

    private static func existing(_ directory: String) -> Result<MariaDBServer, MariaDBServerFailure> {
        guard let file = fopen(directory + "/port", "r") else { return .failure(MariaDBServerFailure("no port file")) }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 16)
        guard fgets(&text, 16, file) != nil, case let port = atoi(text), port > 0 else {
            return .failure(MariaDBServerFailure("no port in the port file"))
        }
        return .success(MariaDBServer(directory: directory, port: Int(port), leash: nil))
    }

    /// Starts another server, for a test that stops it.
    public static func start() throws(MariaDBServerFailure) -> MariaDBServer {
        var template = Array("/tmp/dbassist-mariadb-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw MariaDBServerFailure("no temporary directory") }
        let directory = String(cString: made)
        chmod(directory, 0o755)
        guard let port = try? Loopback.freePort() else { throw MariaDBServerFailure("no free port") }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw MariaDBServerFailure("no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addopen(&actions, 1, directory + "/start.log", O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pid: pid_t = 0
        let arguments = ["sh", "-c", script, "sh", directory, String(port)]
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        guard posix_spawn(&pid, "/bin/sh", &actions, nil, &pointers, environ) == 0 else {
            close(ends[1])
            throw MariaDBServerFailure("no shell")
        }
        let server = MariaDBServer(directory: directory, port: port, leash: ends[1])
        guard server.answers(withinMs: 60_000, script: pid) else {
            throw MariaDBServerFailure("the server did not start, see \(directory)")
        }
        return server
    }

    /// Stops the server at once, as a crash would.
    public func kill() {
        guard let file = fopen(directory + "/server.pid", "r") else { return }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 16)
        if fgets(&text, 16, file) != nil, case let pid = atoi(text), pid > 1 { Glibc.kill(pid, SIGKILL) }
    }

    /// A connection string for an account, over TCP.
    public func uri(_ account: (user: String, password: String), database: String = "app", query: String = "") -> String {
        "mariadb://\(account.user):\(account.password)@127.0.0.1:\(port)/\(database)\(query)"
    }

    // MARK: Starting

    private static let script = """
        set -e
        dir=$1; port=$2
        as=
        if [ "$(id -u)" = 0 ]; then as="--user=mysql"; chown mysql "$dir"; fi
        mariadb-install-db --no-defaults $as --datadir="$dir/data" --auth-root-authentication-method=normal --skip-test-db
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$dir/key.pem" -out "$dir/cert.pem" \
          -addext subjectAltName=DNS:localhost,IP:127.0.0.1
        [ -z "$as" ] || chown mysql "$dir/key.pem" "$dir/cert.pem"
        mkdir -m 777 "$dir/out"
        cat > "$dir/init.sql" <<'SQL'
        CREATE DATABASE IF NOT EXISTS app CHARACTER SET utf8mb4;
        CREATE USER IF NOT EXISTS 'boss'@'%' IDENTIFIED BY 'boss-secret';
        GRANT ALL PRIVILEGES ON *.* TO 'boss'@'%' WITH GRANT OPTION;
        CREATE USER IF NOT EXISTS 'plain'@'%' IDENTIFIED BY 'plain-secret';
        GRANT ALL PRIVILEGES ON app.* TO 'plain'@'%';
        CREATE USER IF NOT EXISTS 'boss'@'localhost' IDENTIFIED BY 'boss-secret';
        GRANT ALL PRIVILEGES ON *.* TO 'boss'@'localhost' WITH GRANT OPTION;
        CREATE USER IF NOT EXISTS 'plain'@'localhost' IDENTIFIED BY 'plain-secret';
        GRANT ALL PRIVILEGES ON app.* TO 'plain'@'localhost';
        SQL
        PATH=$PATH:/usr/sbin mariadbd --no-defaults $as --datadir="$dir/data" --socket="$dir/mysqld.sock" --port="$port" \
          --bind-address=127.0.0.1 --skip-name-resolve --pid-file="$dir/server.pid" --init-file="$dir/init.sql" \
          --ssl-cert="$dir/cert.pem" --ssl-key="$dir/key.pem" --ssl-ca="$dir/cert.pem" --local-infile=1 --secure-file-priv= \
          --innodb-buffer-pool-size=32M --innodb-flush-log-at-trx-commit=0 --skip-log-bin --max-allowed-packet=256M \
          </dev/null >"$dir/server.log" 2>&1 &
        server=$!
        cat >/dev/null
        kill -9 "$server" 2>/dev/null || true
        wait "$server" || true
        rm -rf "$dir"
        """

    /// Tries the port until somebody listens, the starting script gives up, or the time is over.
    private func answers(withinMs: Int, script: pid_t) -> Bool {
        let deadline = ContinuousClock.now + .milliseconds(withinMs)
        while ContinuousClock.now < deadline {
            if Loopback.isListening(on: port) { return true }
            var ended: Int32 = 0
            if waitpid(script, &ended, WNOHANG) == script { return false }
            poll(nil, 0, 25)
        }
        return false
    }
}

/// Why a throw-away server is not there.
public struct MariaDBServerFailure: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
