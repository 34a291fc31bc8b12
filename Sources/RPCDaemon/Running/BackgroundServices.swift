import Handlers
import Logging
import Security
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Does what is due from time to time.
struct HousekeepingService: DaemonService {
    let description = "housekeeping"
    private static let interval = Duration.seconds(30)
    let services: Services

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while true {
                do { try await Task.sleep(for: Self.interval) } catch { return }
                await services.housekeep()
            }
        }
    }
}

/// Takes over a keyring that was rotated, within seconds.
struct KeyringService: DaemonService {
    let description = "keyring"
    private static let interval = Duration.seconds(2)
    let services: Services

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var told: String?
            while true {
                do { try await Task.sleep(for: Self.interval) } catch { return }
                let problem = services.keyringProblem()
                // Once, not every time.
                if let problem, problem != told {
                    services.logger.error("keyring not adopted", metadata: ["error": "\(problem)"])
                }
                told = problem
            }
        }
    }
}

extension Services {
    /// Takes over the keyring if it was changed; answers why that could not be.
    fileprivate func keyringProblem() -> String? {
        do throws(SecurityError) { try refreshKeyring() } catch { return error.message }
        return nil
    }
}

/// Seals anew what an older key has sealed.
struct ResealingService: DaemonService {
    let description = "resealing"
    private static let interval = Duration.seconds(2)
    let services: Services

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while true {
                do { try await Task.sleep(for: Self.interval) } catch { return }
                await services.resealIfDue()
            }
        }
    }
}

/// Reads the configuration and the keyring again on SIGHUP: applies what can be applied, and says what cannot.
struct ReloadService: DaemonService {
    let description = "reload"
    let overrides: SettingOverrides
    /// What the daemon runs with: changes are told against it, also those made while it was still starting.
    let effective: Settings
    let services: Services
    let manager: ServiceManager
    /// Caught from before the daemon says that it serves: whoever asks it to read again right then is not lost.
    let hangups: UnixSignalsSequence
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var effective = effective
            for await _ in hangups {
                manager.isReloading()
                if let problem = services.keyringProblem() {
                    logger.error("keyring not adopted", metadata: ["error": "\(problem)"])
                }
                let isReloaded: Bool
                (effective, isReloaded) = reload(effective)
                manager.isReady(
                    isReloaded ? "Serving" : "Serving; the configuration has an error and was not read again, see the log")
            }
        }
    }

    private func reload(_ old: Settings) -> (Settings, isReloaded: Bool) {
        do {
            let new = try Settings.load(overrides)
            let configuration = try Configuration(new)
            // First: who reads that it was reloaded may count on it.
            StderrLogHandler.level.withLock { $0 = configuration.logLevel }
            for value in new.values {
                let before = old.named(value.setting.name)?.text ?? ""
                guard before != value.text else { continue }
                let change: Logger.Metadata = ["setting": "\(value.setting.name)", "value": "\(value.shown)"]
                if value.setting.isReloadable {
                    logger.notice("reloaded", metadata: change)
                } else {
                    logger.warning("changed, but needs a restart", metadata: change)
                }
            }
            return (new, true)
        } catch {
            logger.error("the configuration was not reloaded", metadata: ["error": "\(error)"])
            return (old, false)
        }
    }
}
