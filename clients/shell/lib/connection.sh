# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# The connection to the daemon: one a command. Requests are written to descriptor 3 and replies read from descriptor 4, one
# JSON text a line, through socat or nc and two FIFOs in a private directory. No program but the shell keeps descriptor 3 open:
# if the shell is killed, the connection ends with it, and so do its queries.

connection_pid=
work_dir=
request_id=0

# work_directory: make the private directory of this run, in memory where there is one.
work_directory() {
    [ -z "$work_dir" ] || return 0
    for parent in "${XDG_RUNTIME_DIR:-}" "${TMPDIR:-}" /tmp; do
        if [ -n "$parent" ] && work_dir=$(mktemp -d "$parent/dbassist.XXXXXXXX" 2>/dev/null); then return 0; fi
    done
    work_dir=
    fail 10 "No private directory can be made; set TMPDIR to a directory that can be written."
}

# cleanup: whatever happened, leave the terminal, the connection and the disk as they should be.
cleanup() {
    terminal_restore
    if [ -n "$connection_pid" ]; then kill "$connection_pid" 2>/dev/null; fi
    if [ -n "$work_dir" ]; then rm -rf "$work_dir"; fi
    if [ -n "${output_temporary:-}" ]; then rm -f "$output_temporary"; fi
    connection_pid='' work_dir=''
}

on_interrupt() {
    trap 'exit 130' INT
    query_interrupt
    exit 130
}

# socket_find: the socket that is named, else the user's own, else, where that is not there, the machine's.
socket_find() {
    [ -n "$socket_path" ] || socket_path=${DBASSIST_SOCKET:-}
    [ -z "$socket_path" ] || return 0
    socket_path=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}/dbassist/dbassistd.sock
    if [ ! -e "$socket_path" ] && [ -S /run/dbassist/dbassistd.sock ]; then socket_path=/run/dbassist/dbassistd.sock; fi
}

# connection_problem: say why there is no daemon at the socket; nothing if there may be one.
connection_problem() {
    if [ "$(printf %s "$socket_path" | wc -c)" -gt 107 ]; then
        echo "The path of the socket is longer than the system allows (107 bytes): $socket_path"
    elif [ ! -e "$socket_path" ]; then
        echo "No daemon listens at $socket_path." \
            "Start it with dbassistd serve, or name its socket with --socket or DBASSIST_SOCKET."
    elif [ ! -S "$socket_path" ]; then
        echo "$socket_path is not a socket."
    elif [ ! -w "$socket_path" ]; then
        echo "You may not connect to $socket_path; it is another user's."
    fi
}

# connection_start: connect descriptors 3 and 4. After the end of the input the daemon has half a minute to answer what is left.
connection_start() {
    # Out of reach of the terminal's signals: an interrupt must not end the connection before the daemon is told what to stop.
    apart=
    if command -v setsid >/dev/null 2>&1; then apart=setsid; fi
    mkfifo "$work_dir/in" "$work_dir/out" || fail 10 "No FIFO can be made in $work_dir."
    if command -v socat >/dev/null 2>&1; then
        # Characters that socat would read as its own.
        address=$(printf '%s\n' "$socket_path" | sed 's/[][\\,:!"'\''(){}]/\\&/g')
        $apart socat -b 65536 -t 30 - "UNIX-CONNECT:$address" <"$work_dir/in" >"$work_dir/out" 2>"$work_dir/log" &
    elif command -v nc >/dev/null 2>&1; then
        $apart nc -N -U "$socket_path" <"$work_dir/in" >"$work_dir/out" 2>"$work_dir/log" &
    else
        fail 1 "dbassist needs socat or nc (of OpenBSD); install one of them."
    fi
    connection_pid=$!
    exec 3>"$work_dir/in" 4<"$work_dir/out"
}

# connection_open: connect, and attach the saved session if there is one.
connection_open() {
    [ -z "$connection_pid" ] || return 0
    command -v jq >/dev/null 2>&1 || fail 1 "dbassist needs jq 1.6 or newer; install it."
    socket_find
    problem=$(connection_problem)
    [ -z "$problem" ] || fail 2 "$problem"
    work_directory
    connection_start
    session_attach
}

# connection_lost: the daemon closed the connection or was never there.
connection_lost() {
    case $(cat "$work_dir/log" 2>/dev/null) in
    *refused*) fail 2 "Nothing listens at $socket_path any more. Start the daemon with dbassistd serve." ;;
    *[Pp]ermission*) fail 2 "You may not connect to $socket_path." ;;
    *"invalid option"*) fail 1 "This nc cannot connect to Unix sockets; install socat or OpenBSD's nc." ;;
    *) fail 2 "The daemon closed the connection without an answer; its log says why." ;;
    esac
}

# send LINE: write one message.
send() {
    printf '%s\n' "$1" 2>/dev/null >&3 || connection_lost
}

# call METHOD [PARAMS]: send one request and wait for its reply. Sets `payload` to the result and returns 0, or to the error
# and returns 1. A refused session is told in place of the `unauthenticated` that follows from it.
call() {
    connection_open
    request_id=$((request_id + 1))
    send "{\"jsonrpc\":\"2.0\",\"id\":$request_id,\"method\":\"$1\",\"params\":${2:-{\}}}"
    reply=$(jq -nrM --argjson id "$request_id" -L "$lib" 'include "reply"; reply($id)' <&4 3>&- 2>>"$work_dir/log")
    payload=${reply#*"$nl"}
    case $reply in
    "ok$nl"*) return 0 ;;
    "error$nl"*) return 1 ;;
    *) connection_lost ;;
    esac
}

# demand METHOD [PARAMS]: as `call`, and end with the error's message and exit code if it fails.
demand() {
    call "$@" || error_exit
}

# json_string: the JSON string of what comes on standard input; fails unless it is UTF-8.
json_string() {
    jq -RrsM 'if test("\ufffd") then error("not UTF-8") else tojson end' 2>/dev/null
}
