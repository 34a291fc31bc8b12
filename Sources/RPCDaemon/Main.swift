import Models
import Security
import Synchronization

/// Where the process begins. What it gives up it gives up here, before there is a second thread: the kernel keeps some of it for
/// each thread, handed on only to those started later, and the environment may not be changed beside others.
@main enum Main {
    static func main() async {
        // Whoever looks at the environment later, this process's own children included, finds no key.
        let key = Environment.take("DBASSIST_MODEL_KEY")
        modelKey.withLock { $0 = key.map { .value($0) } }
        Heap.limit()
        let manager = ServiceManager.take()
        serviceManager.withLock { $0 = manager }
        do throws(SecurityError) {
            hardening = .success(try ProcessHardening.apply())
        } catch {
            hardening = .failure(error)
        }
        await Dbassistd.main()
    }

    /// The names of the variables that were removed from the environment; logged once there is a log.
    @MainActor private(set) static var hardening: Result<[String], SecurityError> = .success([])

    /// The key of the model server that the environment had.
    static let modelKey = Mutex<ModelKey?>(nil)

    /// What started the process.
    static let serviceManager = Mutex(ServiceManager())
}
