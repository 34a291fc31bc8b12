# shellcheck shell=sh disable=SC2016,SC2034,SC2154  # jq programs are quoted; variables are shared with dbassist and the other files
# A turn of the assistant: what is said goes to the daemon, and what happens meanwhile to descriptor 6, drawn by one jq.
#
# An interrupt does not end dbassist here: it is passed to the daemon, which stops the turn and says so.

turn_count=0
turn_id=
turn_thread=
call_id=
interrupted=
stopping=
thread=

# look_choose DESCRIPTOR TEXT: set `look` to how things may be shown there; TEXT (true or false) is whether the answer is, as it comes.
look_choose() {
    live=false colour=false width=0
    if [ -t "$1" ]; then
        output_width "$1"
        case ${TERM:-dumb} in
        dumb) ;;
        *)
            live=true
            [ -n "${NO_COLOR:-}" ] || colour=true
            ;;
        esac
    fi
    look="{\"live\":$live,\"colour\":$colour,\"width\":$width,\"text\":$2}"
}

# draw PROGRAM [OPTION...]: print what a program of chat.jq makes of standard input, to descriptor 6.
draw() {
    drawing=$1
    shift
    jq -rM -L "$lib" --argjson look "$look" "$@" "include \"chat\"; include \"table\"; $drawing" >&6 3>&- 4<&- 5<&-
}

# request_interrupt: what Ctrl-C does while the daemon works: it is asked to stop. The second time dbassist ends.
request_interrupt() {
    [ -z "$stopping" ] || exit 130
    interrupted=1
    if [ -n "$turn_thread" ]; then
        stopping=1
        send "{\"jsonrpc\":\"2.0\",\"id\":\"cancel\",\"method\":\"chat.cancel\",\"params\":{\"threadId\":\"$turn_thread\"}}"
    elif [ -n "$turn_id$call_id" ]; then
        stopping=1
        if [ -n "$turn_id" ]; then running=\"$turn_id\"; else running=$call_id; fi
        send "{\"jsonrpc\":\"2.0\",\"method\":\"\$/cancelRequest\",\"params\":{\"id\":$running}}"
    fi
}

# next_line: read a line from descriptor 5 into `next`; a signal in between loses none of it.
next_line() {
    next=
    while :; do
        interrupted=
        if IFS= read -r piece <&5; then
            next=$next$piece
            return 0
        fi
        next=$next$piece
        [ -n "$interrupted" ] || return 1
    done
}

# ended PID: wait for a process, whatever signals come.
ended() {
    status=0
    wait "$1" || status=$?
    while kill -0 "$1" 2>/dev/null; do
        status=0
        wait "$1" || status=$?
    done
}

# request METHOD [PARAMS]: as `call`, but an interrupt cancels the request, and what it answers then is waited for.
request() {
    connection_open
    request_id=$((request_id + 1))
    call_id=$request_id
    send "{\"jsonrpc\":\"2.0\",\"id\":$call_id,\"method\":\"$1\",\"params\":${2:-{\}}}"
    jq -nrM --argjson id "$call_id" -L "$lib" 'include "reply"; reply($id)' <&4 3>&- >"$work_dir/reply" 2>>"$work_dir/log" &
    ended $!
    call_id='' stopping=
    reply=$(cat "$work_dir/reply")
    payload=${reply#*"$nl"}
    case $reply in
    "ok$nl"*) return 0 ;;
    "error$nl"*) return 1 ;;
    *) connection_lost ;;
    esac
}

# turn_send MODE: send what the file content.json says, and show what happens until the turn has ended. Sets `payload` to the
# assistant's message and returns 0, or to the error and returns 1; sets `thread`.
turn_send() {
    turn_count=$((turn_count + 1))
    turn_id=turn-$turn_count turn_thread='' payload='' answered=
    rm -f "$work_dir/next"
    mkfifo "$work_dir/next" || fail 10 "No FIFO can be made in $work_dir."
    jq -nj --unbuffered -M -L "$lib" --arg id "$turn_id" --argjson look "$look" 'include "chat"; turn($id; $look)' \
        <&4 >&6 3>&- 6>&- 2>"$work_dir/next" &
    formatter_pid=$!
    exec 5<"$work_dir/next"
    {
        printf '{"jsonrpc":"2.0","id":"%s","method":"chat.send","params":{"projectId":"%s","mode":"%s","partialResultToken":"%s"' \
            "$turn_id" "$project" "$1" "$turn_id"
        [ -z "$thread" ] || printf ',"threadId":"%s"' "$thread"
        [ -z "$model" ] || printf ',"model":%s' "$model"
        printf ',"content":'
        tr -d '\n' <"$work_dir/content.json"
        printf '}}\n'
    } 2>/dev/null >&3 || connection_lost
    while next_line; do
        case $next in
        '["DEBUG:",{"threadId":"'*)
            next=${next#'["DEBUG:",{"threadId":"'}
            next=${next%%\"*}
            case $next in
            *[!0-9A-Fa-f-]*) ;;
            *) turn_thread=$next ;;
            esac
            ;;
        '["DEBUG:",{"result":'*)
            payload=${next#'["DEBUG:",{"result":'}
            payload=${payload%'}]'}
            answered=yes
            ;;
        '["DEBUG:",{"error":'*)
            payload=${next#'["DEBUG:",{"error":'}
            payload=${payload%'}]'}
            answered=no
            ;;
        *) printf '%s\n' "$next" >>"$work_dir/log" ;;
        esac
    done
    exec 5<&-
    ended "$formatter_pid"
    formatter_pid='' turn_id='' stopping=
    [ -z "$turn_thread" ] || thread=$turn_thread
    turn_thread=
    case $answered in
    yes) return 0 ;;
    no) return 1 ;;
    esac
    # What reads our output has closed it, which is no failure of ours to tell.
    [ "$status" -ne 141 ] || exit 141
    if grep -q '^jq: ' "$work_dir/log"; then fail 10 "$(grep '^jq: ' "$work_dir/log" | head -n 1)"; fi
    connection_lost
}

# error_code: the `data.code` of the error in `payload`.
error_code() {
    printf '%s\n' "$payload" | jq -rM '.data.code // "" | tostring'
}

# statement_page STATEMENT: set `payload` to the first page of a statement's rows: of those that are kept, else of its preview in history.
statement_page() {
    ids=$(printf '%s\n' "$1" | jq -rM '"\(.resultId // "") \(.queryId // "")" | select(test("^[0-9A-Fa-f -]*$"))')
    result_id=${ids%% *} query=${ids#* }
    if [ -n "$result_id" ] && request query.fetch "{\"resultId\":\"$result_id\"}"; then return 0; fi
    result_id=
    [ -n "$query" ] && request query.get "{\"queryId\":\"$query\"}" || return 1
    payload=$(printf '%s\n' "$payload" | jq -cM '.rowCount as $rows | .preview // empty | . + {totalRows: $rows}')
    [ -n "$payload" ]
}

# statement_rows STATEMENT CELL: print all rows of a statement that are kept, as a table, to descriptor 6.
statement_rows() {
    statement=$1
    statement_page "$statement" || return 1
    rm -f "$work_dir/rows"
    mkfifo "$work_dir/rows" || fail 10 "No FIFO can be made in $work_dir."
    jq -nrM -L "$lib" --argjson look "$look" --argjson cell "$2" 'include "rows"; result("table"; $look.width; $cell)' \
        <"$work_dir/rows" >&6 2>/dev/null 3>&- 4<&- 6>&- &
    rows_pid=$!
    exec 7>"$work_dir/rows"
    printf '%s\n%s\n' "$statement" "$payload" | jq -cnM \
        'input as $statement | {id: "rows", result: ({columns: $statement.columns, hasMore: false} + input)}' >&7 2>/dev/null
    interrupted=
    while [ -z "$interrupted" ] && [ -n "$result_id" ]; do
        cursor=$(printf '%s\n' "$payload" | jq -cM '.nextCursor // empty')
        [ -n "$cursor" ] || break
        request query.fetch "{\"resultId\":\"$result_id\",\"cursor\":$cursor}" || break
        printf '{"id":"rows","result":%s}\n' "$payload" 2>/dev/null >&7 || break
    done
    result_id=
    exec 7>&-
    ended "$rows_pid"
}
