internal import Synchronization

/// The projects that were read last, so that a statement does not ask the disk for what it is to run on.
final class ProjectCache: Sendable {
    /// Projects kept at once; past it all are forgotten, which costs a read each.
    static let countMax = 1_024

    private struct State {
        var projects: [String: Project] = [:]
        /// How often something was forgotten.
        var changes = 0
    }

    private let state = Mutex(State())

    /// The project, and what to hand to ``keep(_:readAfter:)`` if it is not here.
    func find(_ id: String) -> (project: Project?, changes: Int) { state.withLock { ($0.projects[id], $0.changes) } }

    /// Keeps a project that was read, unless one was changed since then: it might be this one.
    func keep(_ project: Project, readAfter changes: Int) {
        state.withLock { state in
            guard state.changes == changes else { return }
            if state.projects.count >= ProjectCache.countMax { state.projects.removeAll(keepingCapacity: true) }
            state.projects[project.id] = project
        }
    }

    /// Forgets a project that was changed or deleted. Called after the commit, before it is acknowledged.
    func forget(_ id: String) {
        state.withLock { state in
            state.changes += 1
            state.projects[id] = nil
        }
    }

    func forgetAll() {
        state.withLock { state in
            state.changes += 1
            state.projects = [:]
        }
    }
}
