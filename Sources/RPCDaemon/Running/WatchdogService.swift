import NIOCore
import ServiceLifecycle

/// Tells the service manager that the daemon lives, for as long as it does: each time Swift's thread pool has run this and every event
/// loop has run something that was asked of it. Where one of them hangs nothing is said, and the service manager starts the daemon anew.
struct WatchdogService: DaemonService {
    let description = "watchdog"
    let manager: ServiceManager
    let interval: Duration
    let loops: any EventLoopGroup

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while true {
                for loop in loops.makeIterator() { try? await loop.submit {}.get() }
                manager.isAlive()
                do { try await Task.sleep(for: interval) } catch { return }
            }
        }
    }
}
