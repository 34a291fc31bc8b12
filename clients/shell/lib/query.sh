# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# query: run a statement and print its rows as they come.
#
# One jq reads the replies, prints the rows and says on its standard error, which is a FIFO here, what is to be done next: the
# request for the next page, an error, or the totals. So the pages never pass through the shell, and only one is in memory.

query_id=
formatter_pid=
result_id=

# parameter_add VALUE: add the value of a placeholder: text, or any JSON after `:=`.
parameter_add() {
    case $1 in
    :=*) parameter=$(json_value "${1#:=}") || usage_error "After := there must be one JSON value: $1" ;;
    *) parameter=$(printf '%s' "$1" | json_string) || usage_error "A parameter is not UTF-8." ;;
    esac
    opt_parameters=${opt_parameters:+$opt_parameters,}$parameter
}

# json_value TEXT: the text on one line, if it is one JSON value. It is not written anew, because jq would round long numbers.
json_value() {
    [ "$(printf '%s' "$1" | jq -s length 2>/dev/null)" = 1 ] || return 1
    printf '%s' "$1" | tr '\r\n' '  '
}

# query_sql [SQL]: put the statement into the file sql: the argument, or standard input.
query_sql() {
    if [ $# -eq 1 ] && [ "$1" != - ]; then
        printf '%s' "$1" >"$work_dir/sql"
    else
        [ ! -t 0 ] || note "Reading the statement from the terminal; end it with Ctrl-D."
        cat >"$work_dir/sql"
    fi
    grep -q '[^[:space:]]' "$work_dir/sql" || usage_error "There is no statement."
    json_string <"$work_dir/sql" >"$work_dir/sql.json" || fail 1 "The statement is not UTF-8."
}

# query_members: the params besides the project and the statement, each with a comma before it.
query_members() {
    [ -z "$opt_parameters" ] || printf ',"parameters":[%s]' "$opt_parameters"
    [ -z "$opt_write" ] || printf ',"mode":"write"'
    [ -z "$opt_max_rows" ] || printf ',"maxRows":%s' "$opt_max_rows"
    [ -z "$opt_timeout" ] || printf ',"timeoutMs":%s' "$(printf '%s\n' "$opt_timeout" | jq '. * 1000 | ceil')"
    [ -z "$opt_label" ] || printf ',"label":%s' "$(quoted "$opt_label")"
}

# output_width DESCRIPTOR: set `width` to the columns a table may take there: those of the terminal; without one, 0 for no limit on
# the line.
output_width() {
    width=0
    [ -z "$opt_wide" ] && [ -t "$1" ] || return 0
    case ${COLUMNS:-} in
    '' | *[!0-9]*) ;;
    *)
        width=$COLUMNS
        return 0
        ;;
    esac
    size=$(stty size <&"$1" 2>/dev/null)
    case $size in
    *' 0' | '') width=80 ;;
    *) width=${size#* } ;;
    esac
}

command_query() {
    allow --param -p --write --format --max-rows --timeout --wide --label
    arguments 1 2 $#
    [ -z "$opt_json" ] || opt_format=json
    case ${opt_format:=table} in
    table | csv | json | jsonl) ;;
    *) usage_error "--format is table, csv, json or jsonl, not '$opt_format'." ;;
    esac
    connection_open
    project_reference=$1
    shift
    query_sql "$@"
    project_resolve "$project_reference"
    cell=40
    [ -z "$opt_wide" ] || cell=0
    exec 6>&1
    output_width 1
    # shellcheck disable=SC2016  # jq's variables
    query_start '' -r 'include "rows"; result($format; $width; $cell)' --arg format "$opt_format" \
        --argjson width "$width" --argjson cell "$cell"
    exec 6>&-
    query_pages
}

# query_start MEMBERS OUTPUT PROGRAM [ARGUMENT...]: send the statement, with MEMBERS besides its own, and start the jq PROGRAM that
# reads the replies, its output as OUTPUT (-r or -j) says, to descriptor 6.
query_start() {
    members=$(query_members)$1
    output=$2
    program=$3
    shift 3
    query_id=$(new_id)
    mkfifo "$work_dir/next" || fail 10 "No FIFO can be made in $work_dir."
    jq -n "$output" -M -L "$lib" "$@" "$program" <&4 >&6 3>&- 6>&- 2>"$work_dir/next" &
    formatter_pid=$!
    exec 5<"$work_dir/next"
    {
        printf '{"jsonrpc":"2.0","id":"query","method":"query.run","params":{"projectId":"%s","queryId":"%s"%s,"sql":' \
            "$project" "$query_id" "$members"
        tr -d '\n' <"$work_dir/sql.json"
        printf '}}\n'
    } 2>/dev/null >&3 || connection_lost
}

# query_pages: do what the formatter asks for until it is done.
query_pages() {
    payload=
    while IFS= read -r next <&5; do
        case $next in
        '["DEBUG:",{"jsonrpc":'*)
            next=${next#'["DEBUG:",'}
            case $next in
            *'"method":"query.close"'*) ;;
            *'"resultId":"'*) result_id=${next#*'"resultId":"'} result_id=${result_id%%'"'*} ;;
            esac
            send "${next%]}"
            ;;
        '["DEBUG:",{'*)
            payload=${next#'["DEBUG:",'}
            payload=${payload%]}
            ;;
        *) printf '%s\n' "$next" >>"$work_dir/log" ;;
        esac
    done
    wait "$formatter_pid"
    status=$?
    query_id='' formatter_pid='' result_id=
    case $payload in
    '{"code":'*) error_exit "$work_dir/sql" ;;
    '{"rows":'*) [ -n "$opt_quiet" ] || printf '%s\n' "$payload" | jq -rM -L "$lib" 'include "rows"; summary' >&2 ;;
    *)
        # 141: what reads our output has closed it, which is no failure of ours to tell.
        [ "$status" -ne 141 ] || exit 141
        if grep -q '^jq: ' "$work_dir/log"; then fail 10 "$(grep '^jq: ' "$work_dir/log" | head -n 1)"; fi
        connection_lost
        ;;
    esac
}

# query_interrupt: have the running query stopped at its database, and give the daemon two seconds to say that it has.
query_interrupt() {
    [ -n "$query_id" ] && [ -n "$formatter_pid" ] || return 0
    printf '{"jsonrpc":"2.0","id":"cancel","method":"query.cancel","params":{"queryId":"%s"}}\n' "$query_id" 2>/dev/null >&3
    # What is kept for an export ends it too, and is not left behind.
    [ -z "$result_id" ] ||
        printf '{"jsonrpc":"2.0","id":"cancel","method":"query.close","params":{"resultId":"%s"}}\n' "$result_id" 2>/dev/null >&3
    tries=20
    while [ "$tries" -gt 0 ] && kill -0 "$formatter_pid" 2>/dev/null; do
        sleep 0.1
        tries=$((tries - 1))
    done
    kill "$formatter_pid" 2>/dev/null
    note "Cancelled."
}

# new_id: a UUID of version 7.
new_id() {
    random=$(od -An -N 10 -tx1 /dev/urandom | tr -d ' \n')
    jq -nrM --arg random "$random" -L "$lib" 'include "rows"; uuid($random)'
}
