import Foundation
import Glibc
import TestSupport
import Testing

/// What the daemon tells a service manager (sd_notify(3)), and the unit that systemd runs it by.
@Suite struct ServiceManagerTests {
    @Test(arguments: [false, true]) func `it says when it serves, reads again and stops`(isAbstract: Bool) async throws {
        let directory = try TemporaryDirectory()
        let name = directory.appending("notify")
        let manager = try NotifyListener(isAbstract ? "@\(name)" : name)
        let daemon = try await DaemonProcess.start(["NOTIFY_SOCKET": manager.name], in: directory)
        let ready = try #require(manager.next())
        #expect(ready == ["READY=1", "STATUS=Serving \(daemon.socketPath)"])
        daemon.end(SIGHUP)
        let reloading = try #require(manager.next())
        #expect(reloading.first == "RELOADING=1")
        let stamp = reloading.first { $0.hasPrefix("MONOTONIC_USEC=") }?.split(separator: "=").last.flatMap { Int($0) }
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        // Of this boot, and not long ago.
        #expect((now.tv_sec - 60...now.tv_sec + 1).contains(try #require(stamp) / 1_000_000))
        #expect(manager.next()?.first == "READY=1")
        #expect(try await daemon.stop() == 0)
        #expect(manager.next()?.first == "STOPPING=1")
        // Nobody asked whether it lives, and nothing more came.
        #expect(manager.next(timeoutMs: 0) == nil)
    }

    @Test func `a configuration with an error is told, and the daemon goes on`() async throws {
        let directory = try TemporaryDirectory()
        let manager = try NotifyListener(directory.appending("notify"))
        let file = directory.appending("config.yaml")
        try "logLevel: info\n".write(toFile: file, atomically: false, encoding: .utf8)
        let daemon = try await DaemonProcess.start(
            ["NOTIFY_SOCKET": manager.name, "DBASSIST_CONFIG": file], in: directory)
        try "logLevl: info\n".write(toFile: file, atomically: false, encoding: .utf8)
        #expect(manager.first(with: "READY=1") != nil)
        daemon.end(SIGHUP)
        #expect(manager.next()?.first == "RELOADING=1")
        let ready = try #require(manager.next())
        #expect(ready.first == "READY=1" && ready.last?.contains("has an error") == true)
        #expect(try await daemon.client().call("system.health")["status"] == "ok")
    }

    @Test func `a name that leads nowhere changes nothing`() async throws {
        for name in ["", "@", "notify", "vsock:2:5", "/nowhere/notify", String(repeating: "/x", count: 200)] {
            let daemon = try await DaemonProcess.start(["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "many"])
            #expect(try await daemon.stop() == 0, "\(name)")
        }
    }

    /// Twice in the time that is given, for the process that is meant, and not without being asked.
    @Test func `it says that it lives`() async throws {
        let directory = try TemporaryDirectory()
        let manager = try NotifyListener(directory.appending("notify"))
        let settings = ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "400000"]
        let daemon = try await DaemonProcess.start(settings, in: directory)
        // On a busy machine some came before we look.
        while manager.next(timeoutMs: 0) != nil {}
        let began = ContinuousClock.now
        for _ in 0..<4 { #expect(manager.first(with: "WATCHDOG=1") != nil) }
        let took = (ContinuousClock.now - began) / .milliseconds(1)
        #expect(took > 500 && took < 1600, "\(took) ms for four")
        #expect(try await daemon.stop() == 0)
        while manager.next(timeoutMs: 0) != nil {}
        let other = try await DaemonProcess.start(settings.merging(["WATCHDOG_PID": "1"]) { $1 }, in: directory)
        #expect(manager.next()?.first == "READY=1")
        #expect(manager.next(timeoutMs: 600) == nil)
        #expect(try await other.stop() == 0)
    }

    /// One event loop that hangs, or Swift's thread pool: the rest of the process would be well, and say so.
    @Test(.enabled(if: getuid() == 0), arguments: ["NIO-ELT-1-#1", "!NIO-ELT"])
    func `what hangs does not say that it lives`(threads: String) async throws {
        let directory = try TemporaryDirectory()
        let manager = try NotifyListener(directory.appending("notify"))
        let daemon = try await DaemonProcess.start(
            ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "200000"], in: directory)
        #expect(manager.first(with: "WATCHDOG=1") != nil)
        do {
            let frozen = try FrozenThreads(of: daemon.pid, named: threads)
            #expect(frozen.count > 0)
            while manager.next(timeoutMs: 0) != nil {}
            // One may have been under way.
            _ = manager.next(timeoutMs: 300)
            #expect(manager.next(timeoutMs: 1500) == nil, "\(threads) does not run")
            withExtendedLifetime(frozen) {}
        }
        #expect(manager.first(with: "WATCHDOG=1") != nil)
        #expect(try await daemon.stop() == 0)
    }

    // MARK: The unit

    static var hasSystemd: Bool { access("/usr/bin/systemd-analyze", X_OK) == 0 }

    /// Security bar B27.
    @Test(.enabled(if: hasSystemd)) func `systemd finds little that the unit leaves open`() throws {
        let unit = Repository.root.appending(path: "packaging/systemd/system/dbassistd.service").path()
        let report = try ChildProcess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit])
        let line = try #require(report.split(separator: "\n").first { $0.contains("Overall exposure level") })
        let words = line.split(separator: " ")
        let exposure = try #require(words.compactMap { Double($0) }.first)
        #expect(exposure <= 2.0, "\(report)")
    }
}
