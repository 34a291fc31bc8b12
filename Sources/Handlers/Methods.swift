import Protocol

/// Every method of the spec and the handler that answers it: one for each namespace.
final class Methods: DaemonAPI {
    let auth: AuthHandlers
    let chat: ChatHandlers
    let dashboard: DashboardHandlers
    let lifecycle: LifecycleHandlers
    let project: ProjectHandlers
    let query: QueryHandlers
    let schema: SchemaHandlers
    let system: SystemHandlers

    init(_ services: Services) {
        auth = AuthHandlers(services: services)
        dashboard = DashboardHandlers(services: services)
        lifecycle = LifecycleHandlers(services: services, auth: auth)
        project = ProjectHandlers(services: services)
        query = QueryHandlers(services: services, projects: project)
        schema = SchemaHandlers(services: services, projects: project)
        chat = ChatHandlers(services: services, projects: project, queries: query, schemas: schema)
        system = SystemHandlers(services: services)
    }
}
