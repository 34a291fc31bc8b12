public import Logging

/// The models there are, and one client for each. Nothing is started before the first request: a daemon that never chats has no
/// thread for it.
public struct ModelCatalogue: Sendable {
    /// In the order of the configuration.
    public let models: [ModelSettings]
    /// The name of the model that is used where none is named; nil where there is none.
    public let defaultName: String?

    private let clients: [String: ModelClient]
    private let connections: ModelConnections

    /// - Parameters:
    ///   - models: with names of their own each.
    ///   - defaultName: one of them; nil: the first.
    ///   - keys: by name; a model that is not in it has the key of its ``ModelSettings/keyFile``, or none.
    public init(_ models: [ModelSettings], defaultName: String? = nil, keys: [String: ModelKey] = [:], logger: Logger? = nil) {
        self.models = models
        self.defaultName = defaultName ?? models.first?.name
        let connections = ModelConnections(logger: logger)
        self.connections = connections
        clients = Dictionary(
            models.map { ($0.name, ModelClient($0, key: keys[$0.name], connections: connections)) }, uniquingKeysWith: { $1 })
    }

    /// The settings of the default model.
    public var defaultModel: ModelSettings? { models.first { $0.name == defaultName } }

    /// The client of the model called `name`, the default's where that is nil; nil where there is no such model.
    public func client(named name: String? = nil) -> ModelClient? { (name ?? defaultName).flatMap { clients[$0] } }

    /// Ends every request and every connection. The catalogue serves nothing afterwards.
    public func shutdown() async { await connections.shutdown() }
}
