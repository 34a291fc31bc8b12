# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# watch: your queries as they run, on whatever connection.
#
# One jq reads the daemon's events and draws them; the shell only keeps the connection open.

command_watch() {
    allow --limit
    arguments 0 1 $#
    connection_open
    members=
    if [ $# -eq 1 ]; then
        project_resolve "$1"
        members="\"projectId\":\"$project\""
    fi
    # Fails here, and plainly, where there is no session.
    demand query.running "{$members}"
    format=lines
    if [ -n "$opt_json" ]; then format=json; elif [ -t 1 ]; then format=screen; fi
    [ "$format" = screen ] || [ -n "$opt_quiet" ] || note "Watching; end it with Ctrl-C."
    send "{\"jsonrpc\":\"2.0\",\"id\":\"watch\",\"method\":\"query.subscribe\",\"params\":{$members}}"
    output_width 1
    status=0
    jq -nrM --unbuffered -L "$lib" --arg format "$format" --argjson width "$width" --argjson limit "${opt_limit:-0}" \
        'include "watch"; watch($format; $width; $limit)' <&4 3>&- 2>"$work_dir/log" || status=$?
    case $status in
    0 | 141) ;;
    *)
        payload=$(sed -n 's/^refused: //p' "$work_dir/log")
        [ -z "$payload" ] || error_exit
        connection_lost
        ;;
    esac
    [ "${opt_limit:-0}" -gt 0 ] || connection_lost
}
