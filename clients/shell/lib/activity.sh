# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# history, forget, stats and dashboard.

# text_member NAME VALUE: add a text to `members`.
text_member() {
    value=$(quoted "$2") || exit 1
    members="${members:+$members,}\"$1\":$value"
}

# time_member NAME TIME: add a time: one of RFC 3339, or a day, which begins at midnight UTC.
time_member() {
    case $2 in
    [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]) text_member "$1" "${2}T00:00:00.000Z" ;;
    *) text_member "$1" "$2" ;;
    esac
}

# word_member OPTION VALUE WORD...: add an option that is one of some words; the member has the option's name.
word_member() {
    option=$1 value=$2
    shift 2
    for word in "$@"; do
        if [ "$value" = "$word" ]; then
            members="${members:+$members,}\"${option#--}\":\"$value\""
            return
        fi
    done
    usage_error "$option is one of $(echo "$@" | sed 's/ /, /g'), not '$value'."
}

command_history() {
    allow --project --status --text --error --shape --since --until --mode --source --limit --all --format
    arguments 0 0 $#
    members=
    [ -z "$opt_all" ] || [ -z "$opt_limit" ] || usage_error "--all and --limit do not go together."
    if [ -n "$opt_json" ]; then
        [ -z "$opt_format" ] || usage_error "--json and --format do not go together."
        opt_format=json
    fi
    case ${opt_format:=table} in
    table | csv | json | jsonl) ;;
    *) usage_error "--format is table, csv, json or jsonl, not '$opt_format'." ;;
    esac
    [ -z "$opt_status" ] || word_member --status "$opt_status" running success error cancelled
    [ -z "$opt_mode" ] || word_member --mode "$opt_mode" read write
    [ -z "$opt_source" ] || word_member --source "$opt_source" editor script chat
    [ -z "$opt_text" ] || text_member text "$opt_text"
    [ -z "$opt_error" ] || text_member errorText "$opt_error"
    [ -z "$opt_shape" ] || text_member shape "$opt_shape"
    [ -z "$opt_since" ] || time_member since "$opt_since"
    [ -z "$opt_until" ] || time_member until "$opt_until"
    if [ -n "$opt_project" ]; then
        project_resolve "$opt_project"
        members="${members:+$members,}\"projectId\":\"$project\""
    fi
    most=${opt_limit:-20}
    [ -z "$opt_all" ] || most=0
    case $opt_format in
    csv | jsonl) history_export "$most" ;;
    json)
        list_all query.history "$members" "$most"
        printf '%s\n' "$payload" | jq .
        ;;
    *)
        list_all query.history "$members" "$most"
        show '.items | map([(.createdAt | short_time), .projectName, .status, (.rowCount // .affectedRows),
            (if .durationMs then (.durationMs * 10 | round / 10) else null end),
            (.label // .sql | visible_line | gsub(" +"; " ") | shorten(70))])
            | list(["WHEN (UTC)", "PROJECT", "STATUS", "ROWS", "MS", "STATEMENT"])'
        ;;
    esac
}

# history_export MAX: print pages as they come, so that a history of any length is never in memory.
history_export() {
    remaining=$1 cursor=
    # shellcheck disable=SC2016  # jq's variables
    columns='["id","createdAt","projectName","status","mode","source","durationMs","rowCount","affectedRows","label","sql","errorCode",
        "errorMessage","shape"]'
    [ "$opt_format" = jsonl ] || jq -nrM "$columns | @csv"
    while :; do
        size=200
        if [ "$1" -gt 0 ] && [ "$remaining" -lt 200 ]; then size=$remaining; fi
        demand query.history "{${members:+$members,}$cursor\"limit\":$size}"
        if [ "$opt_format" = jsonl ]; then
            printf '%s\n' "$payload" | jq -cM '.items[]' || exit
        else
            printf '%s\n' "$payload" | jq -rM "$columns as \$columns | .items[] | [.[\$columns[]]] | @csv" || exit
        fi
        state=$(printf '%s\n' "$payload" | jq -rM '"\(.items | length) \(.nextCursor | tojson)"')
        cursor=${state#* }
        remaining=$((remaining - ${state%% *}))
        [ "$cursor" != null ] || break
        if [ "$1" -gt 0 ] && [ "$remaining" -le 0 ]; then break; fi
        cursor="\"cursor\":$cursor,"
    done
}

command_forget() {
    allow --project --before --yes
    members=
    if [ $# -gt 0 ]; then
        [ -z "$opt_project$opt_before" ] || usage_error "Name queries, or a project and a time, not both."
        arguments 1 1000 $#
        ids=
        for id in "$@"; do
            id=$(quoted "$id") || exit 1
            ids="${ids:+$ids,}$id"
        done
        members="\"queryIds\":[$ids]"
        what="these queries"
    else
        [ -n "$opt_project$opt_before" ] || usage_error "Name the queries, or say --project or --before."
        [ -z "$opt_before" ] || time_member before "$opt_before"
        if [ -n "$opt_project" ]; then
            project_resolve "$opt_project"
            members="${members:+$members,}\"projectId\":\"$project\""
        fi
        what="the history${opt_project:+ of the project $opt_project}${opt_before:+ before $opt_before}"
    fi
    if [ -z "$opt_yes" ] && [ -t 0 ]; then
        ask "Delete $what for good? Figures change with it. [y/N] " "Say --yes to delete it without a question."
        case $answer in
        y | Y | yes) ;;
        *) fail 9 "Nothing was deleted." ;;
        esac
    fi
    demand query.forget "{$members}"
    show 'if .forgotten == 1 then "1 query forgotten." else "\(.forgotten) queries forgotten." end'
}

command_stats() {
    allow --since --until --limit
    arguments 0 1 $#
    members="\"statements\":${opt_limit:-5}"
    [ -z "$opt_since" ] || time_member since "$opt_since"
    [ -z "$opt_until" ] || time_member until "$opt_until"
    if [ $# -eq 1 ]; then
        project_resolve "$1"
        members="$members,\"projectId\":\"$project\""
    fi
    demand query.stats "{$members}"
    # shellcheck disable=SC2016  # jq's variables
    show 'def percent: if . == null then "" else "\(. * 1000 | round / 10) %" end;
        def statements($title): if length == 0 then empty else "", (map([.figures.count, .figures.error, (.figures.p50Ms | ms),
            (.figures.p95Ms | ms), (.figures.totalMs | ms), .projectName, .shape, (.sql | visible_line | shorten(70))])
            | list(["RUNS", "FAILED", "P50 MS", "P95 MS", "ALL MS", "PROJECT", "SHAPE", $title])) end;
        ([.days[].figures.count] | max) as $most
        | "\(.since[:10]) to \(.until | sub("\\.000Z"; "Z") | fromdate - 1 | todate[:10]) UTC",
          "",
          (.totals | "\(.count) queries: \(.success) succeeded, \(.error) failed, \(.cancelled) cancelled; \(.rows) rows",
            (if .errorRate != null then "error rate \(.errorRate | percent)" else empty end),
            (if .p50Ms != null then
              "latency p50 \(.p50Ms | ms) ms, p95 \(.p95Ms | ms) ms, max \(.maxMs | ms) ms; \(.totalMs | ms) ms in all" else empty end)),
          (if (.projects | length) > 0 then "", (.projects | map([.name, .databaseType, .figures.count, (.figures.errorRate | percent),
            (.figures.p50Ms | ms), (.figures.p95Ms | ms), (.figures.maxMs | ms)])
            | list(["PROJECT", "TYPE", "RUNS", "FAILED", "P50 MS", "P95 MS", "MAX MS"])) else empty end),
          (if $most > 0 then "", (.days[] | select(.figures.count > 0)
            | "\(.date)  \("#" * ([1, (.figures.count * 40 / $most | floor)] | max)) \(.figures.count)") else empty end),
          (.mostFrequent | statements("MOST FREQUENT")), (.slowest | statements("SLOWEST")),
          (.costliest | statements("COSTLIEST")), (.mostFailing | statements("MOST FAILING"))'
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
          (if .latency.p50Ms != null then "latency p50 \(.latency.p50Ms | ms) ms, p95 \(.latency.p95Ms | ms) ms" else empty end),
          (if (.projects | length) > 0 then "", (.projects
            | map([.name, .databaseType, .queries, .errors, (.lastUsedAt | short_time)])
            | list(["PROJECT", "TYPE", "QUERIES", "FAILED", "LAST USED"])) else empty end),
          (if $most > 0 then "", (.activity[] | select(.queries > 0)
            | "\(.date)  \("#" * ([1, (.queries * 40 / $most | floor)] | max)) \(.queries)") else empty end),
          (if (.recentQueries | length) > 0 then "", (.recentQueries
            | map([(.createdAt | short_time), .projectName, .status, (.label // .sql | visible_line | shorten(70))])
            | list(["RECENT", "PROJECT", "STATUS", "STATEMENT"])) else empty end)'
}
