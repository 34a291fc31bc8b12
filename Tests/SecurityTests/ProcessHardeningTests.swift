import CLinux
import Foundation
import Testing

@testable import Security

struct ProcessHardeningTests {
    /// In a process of its own: there is no way back.
    @Test func theProcessGivesUpWhatItDoesNotNeed() async {
        await #expect(processExitsWith: .success) {
            setenv("PGPASSWORD", "canary", 1)
            setenv("PGSERVICE", "x", 1)
            setenv("MYSQL_PWD", "canary", 1)
            setenv("MARIADB_TLS_DISABLE_PEER_VERIFICATION", "1", 1)
            setenv("MYSQL_HOST", "", 1)
            setenv("DBASSIST_SOCKET", "/run/x", 1)
            umask(0)
            let removed = try ProcessHardening.apply()
            #expect(
                Set(removed).isSuperset(of: [
                    "PGPASSWORD", "PGSERVICE", "MYSQL_PWD", "MARIADB_TLS_DISABLE_PEER_VERIFICATION", "MYSQL_HOST",
                ]))
            for name in removed { #expect(getenv(name) == nil) }
            #expect(getenv("DBASSIST_SOCKET") != nil)
            #expect(getenv("PATH") != nil)
            #expect(umask(0) == 0o077)
            #expect(linux_is_process_hardened() == 1)
            var limit = rlimit()
            #expect(getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0)
            #expect(limit.rlim_cur == 0 && limit.rlim_max == 0)
            for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] {
                var action = sigaction()
                #expect(sigaction(number, nil, &action) == 0 && action.__sigaction_handler.sa_handler == nil)
            }
            // Twice is as good as once.
            #expect(try ProcessHardening.apply().isEmpty)
        }
    }
}
