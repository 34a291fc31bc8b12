import Databases
import Protocol
import Security
import Store

/// The daemon's figures in Prometheus' text format, version 0.0.4.
enum PrometheusText {
    static func render(_ services: Services) -> String {
        var text = ""
        let requests = services.counters.all.sorted { ($0.key.method, $0.key.outcome) < ($1.key.method, $1.key.outcome) }
        family(&text, "dbassistd_requests_total", "counter", "Requests answered, by method and outcome.")
        for (key, figures) in requests {
            text += "dbassistd_requests_total{method=\"\(key.method)\",outcome=\"\(key.outcome)\"} \(figures.count)\n"
        }
        family(&text, "dbassistd_request_seconds_total", "counter", "Time requests took together, by method and outcome.")
        for (key, figures) in requests {
            let seconds = Double(figures.nanoseconds) / 1e9
            text += "dbassistd_request_seconds_total{method=\"\(key.method)\",outcome=\"\(key.outcome)\"} \(seconds)\n"
        }
        let pool = services.pool.status
        let store = services.store.health()
        let results = services.results.status
        let catalogues = services.catalogues.status
        let uptime = Double(Timestamp.now() - services.startedAtMs) / 1000
        let gauges: [(String, String, Double)] = [
            ("dbassistd_uptime_seconds", "Time since the start.", uptime),
            ("dbassistd_clients", "Open client connections.", Double(services.clientCount())),
            ("dbassistd_queries_running", "Queries running now.", Double(services.running.count)),
            ("dbassistd_queries_waiting", "Queries waiting for a database connection.", Double(pool.waiting)),
            ("dbassistd_database_connections", "Open database connections.", Double(pool.open)),
            ("dbassistd_database_connections_in_use", "Database connections in use.", Double(pool.inUse)),
            ("dbassistd_results", "Results kept.", Double(results.results)),
            (
                "dbassistd_results_bytes", "Bytes of results kept, in memory and in files.",
                Double(results.memoryBytes + results.fileBytes)
            ),
            ("dbassistd_catalogues_bytes", "Bytes of schemas kept, about.", Double(catalogues.bytes)),
            ("dbassistd_store_bytes", "Size of the store.", Double(store.sizes.databaseBytes)),
            ("dbassistd_store_log_bytes", "Size of the store's write-ahead log.", Double(store.sizes.logBytes)),
            ("dbassistd_store_waiting_writes", "Writes waiting for the store.", Double(store.waitingWrites)),
        ]
        for (name, help, value) in gauges {
            family(&text, name, "gauge", help)
            text += "\(name) \(value)\n"
        }
        let counters: [(String, String, Int)] = [
            ("dbassistd_database_connections_opened_total", "Database connections opened.", pool.openedTotal),
            (
                "dbassistd_database_connections_failed_total", "Database connections that could not be opened.",
                pool.openFailuresTotal
            ),
            ("dbassistd_catalogue_reads_total", "Schemas read from their databases.", catalogues.reads),
            ("dbassistd_catalogue_hits_total", "Requests answered from schemas that were kept.", catalogues.hits),
            ("dbassistd_store_commits_total", "Commits of the store.", store.commits),
        ]
        for (name, help, value) in counters {
            family(&text, name, "counter", help)
            text += "\(name) \(value)\n"
        }
        return text
    }

    private static func family(_ text: inout String, _ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }
}
