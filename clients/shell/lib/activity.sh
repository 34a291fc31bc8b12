# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# history and dashboard.

command_history() {
    allow --project --status --text --limit
    arguments 0 0 $#
    members=
    if [ -n "$opt_project" ]; then
        project_resolve "$opt_project"
        members="\"projectId\":\"$project\""
    fi
    case $opt_status in
    '') ;;
    running | success | error | cancelled) members="${members:+$members,}\"status\":\"$opt_status\"" ;;
    *) usage_error "--status is running, success, error or cancelled, not '$opt_status'." ;;
    esac
    if [ -n "$opt_text" ]; then
        text=$(quoted "$opt_text") || exit 1
        members="${members:+$members,}\"text\":$text"
    fi
    list_all query.history "$members" "${opt_limit:-20}"
    show '.items | map([(.createdAt | short_time), .projectName, .status, (.rowCount // .affectedRows),
        (if .durationMs then (.durationMs * 10 | round / 10) else null end),
        (.label // .sql | visible_line | gsub(" +"; " ") | shorten(70))])
        | list(["WHEN (UTC)", "PROJECT", "STATUS", "ROWS", "MS", "STATEMENT"])'
}

command_dashboard() {
    allow --days
    arguments 0 0 $#
    demand dashboard.get "{${opt_days:+\"days\":$opt_days}}"
    # shellcheck disable=SC2016  # jq's variables
    show '([.activity[].queries] | max) as $most
        | "Since \(.since | short_time) UTC, \(.days) days",
          "",
          "\(.totals.projects) projects, \(.totals.queries) queries, \(.totals.messages) messages",
          (.queriesByStatus | "\(.success) succeeded, \(.error) failed, \(.cancelled) cancelled, \(.running) running"),
          (if .successRate != null then "success rate \(.successRate * 1000 | round / 10) %" else empty end),
          (if .latency.p50Ms != null then "latency p50 \(.latency.p50Ms) ms, p95 \(.latency.p95Ms) ms" else empty end),
          (if (.projects | length) > 0 then "", (.projects
            | map([.name, .databaseType, .queries, .errors, (.lastUsedAt | short_time)])
            | list(["PROJECT", "TYPE", "QUERIES", "FAILED", "LAST USED"])) else empty end),
          (if $most > 0 then "", (.activity[] | select(.queries > 0)
            | "\(.date)  \("#" * ([1, (.queries * 40 / $most | floor)] | max)) \(.queries)") else empty end),
          (if (.recentQueries | length) > 0 then "", (.recentQueries
            | map([(.createdAt | short_time), .projectName, .status, (.label // .sql | visible_line | shorten(70))])
            | list(["RECENT", "PROJECT", "STATUS", "STATEMENT"])) else empty end)'
}
