# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# signup, login, logout, whoami, passwd, sessions, health, wait.

# show PROGRAM: print `payload` as the jq program says, or as it is with --json.
show() {
    if [ -n "$opt_json" ]; then
        printf '%s\n' "$payload" | jq .
    else
        printf '%s\n' "$payload" | jq -rM -L "$lib" "include \"table\"; $1"
    fi
}

# ask QUESTION OTHERWISE: read a line that is no secret, on a terminal only; where there is none, say what to do otherwise.
ask() {
    [ -t 0 ] || usage_error "$2"
    printf '%s' "$1" >/dev/tty
    IFS= read -r answer || answer=
    [ -n "$answer" ] || fail 1 "Nothing was given."
}

quoted() {
    printf '%s' "$1" | json_string || usage_error "An argument is not UTF-8."
}

account_params() {
    secret_text=$(secret_json) || exit 1
    email=$(quoted "$email") || exit 1
    params="\"email\":$email,\"password\":$secret_text"
}

session_begun() {
    session_save
    if [ -n "$opt_quiet" ] && [ -z "$opt_json" ]; then return 0; fi
    show '"Logged in as \(.user.name | visible) <\(.user.email | visible)> until \(.expiresAt | short_time) UTC."'
}

command_signup() {
    allow --name --password-stdin
    arguments 0 1 $#
    if [ $# -eq 1 ]; then email=$1; else ask "E-mail: " "Say whose account: EMAIL." && email=$answer; fi
    [ -n "$opt_name" ] || { ask "Your name (--name): " "Say your name with --name." && opt_name=$answer; }
    if [ -n "${DBASSIST_PASSWORD_FILE:-}" ]; then password_read ""; else password_choose; fi
    account_params
    name=$(quoted "$opt_name") || exit 1
    session_use=
    demand auth.signup "{\"name\":$name,$params}"
    session_begun
}

command_login() {
    allow --password-stdin
    arguments 0 1 $#
    if [ $# -eq 1 ]; then email=$1; else ask "E-mail: " "Say whose account: EMAIL." && email=$answer; fi
    password_read "Password: "
    account_params
    session_use=
    demand auth.login "{$params}"
    session_begun
}

command_logout() {
    allow
    arguments 0 0 $#
    token_find
    if [ ! -s "$token_file" ]; then
        note "You are not logged in."
        return 0
    fi
    if call auth.logout; then
        session_forget
        note "Logged out."
    else
        case $payload in
        *'"unauthenticated"'*)
            session_forget
            note "The session had ended already."
            ;;
        *) error_exit ;;
        esac
    fi
}

command_whoami() {
    allow
    arguments 0 0 $#
    demand auth.whoami
    show '"\(.user.name | visible) <\(.user.email | visible)>", "Session until \(.session.expiresAt | short_time) UTC.",
        (.grant // empty | "This token is narrowed: until \(.expiresAt | short_time) UTC\(if .readOnly then ", read only" else "" end)"
            + (if .methods then "; methods \(.methods | join(", ") | visible)" else "" end)
            + (if .projectIds then "; projects \(.projectIds | join(", ") | visible)" else "" end)
            + (if .requestsPerMinute then "; \(.requestsPerMinute) requests a minute" else "" end) + ".")'
}

command_passwd() {
    allow --password-stdin
    arguments 0 0 $#
    password_read "Current password: "
    current=$(secret_json) || exit 1
    password_choose
    new=$(secret_json) || exit 1
    demand auth.changePassword "{\"currentPassword\":$current,\"newPassword\":$new}"
    session_save
    note "The password is changed. Every other session has ended."
}

command_sessions() {
    allow --others
    case ${1:-} in
    revoke)
        shift
        if [ -n "$opt_others" ]; then
            arguments 0 0 $#
            demand auth.revoke '{"others":true}'
        else
            arguments 1 1 $#
            session=$(quoted "$1") || exit 1
            demand auth.revoke "{\"sessionId\":$session}"
        fi
        note "Ended."
        ;;
    '')
        list_all auth.sessions '' 0
        show '.items | map([.id, (.createdAt | short_time), (.lastUsedAt | short_time), (.expiresAt | short_time),
            (if .current then "this one" else .client end)]) | list(["ID", "BEGAN", "LAST USED", "ENDS", "CLIENT"])'
        ;;
    *) usage_error "There is no command sessions $1." ;;
    esac
}

# list_all METHOD MEMBERS MAX: read pages of a list until its end or MAX items (0: all) and set `payload` to one list of them.
list_all() {
    remaining=$3 cursor='' pages=
    while :; do
        size=200
        if [ "$3" -gt 0 ] && [ "$remaining" -lt 200 ]; then size=$remaining; fi
        demand "$1" "{${2:+$2,}$cursor\"limit\":$size}"
        pages=$pages$payload$nl
        # The count of the items and the cursor as a JSON string, or null.
        state=$(printf '%s\n' "$payload" | jq -rM '"\(.items | length) \(.nextCursor | tojson)"')
        cursor=${state#* }
        remaining=$((remaining - ${state%% *}))
        [ "$cursor" != null ] || break
        if [ "$3" -gt 0 ] && [ "$remaining" -le 0 ]; then break; fi
        cursor="\"cursor\":$cursor,"
    done
    payload=$(printf '%s' "$pages" | jq -scM '{items: map(.items) | add}')
}

command_health() {
    allow
    arguments 0 0 $#
    demand system.health
    show '"\(.status | visible): dbassistd \(.version | visible), up \(.uptimeMs / 1000 | floor) s",
        (if .store then "store: \(.store.engine) \(if .store.ok then "ok" else "failing" end)" else empty end),
        (if .connections then "connections: \(.connections.clients) clients, \(.connections.databases) databases" else empty end),
        (if .queries then "queries: \(.queries.running) running, \(.queries.waiting) waiting" else empty end)'
    case $payload in
    *'"status":"ok"'*) ;;
    *) exit 10 ;;
    esac
}

# Each attempt is a program of its own: it may fail in any way, and the next one starts afresh.
command_wait() {
    allow --timeout
    arguments 0 0 $#
    socket_find
    # Tenths of a second.
    tries=$(printf '%s\n' "${opt_timeout:-10}" | jq '. * 10 | ceil') || usage_error "--timeout takes seconds."
    while ! (
        trap cleanup EXIT
        session_use=
        call system.health >/dev/null 2>&1
    ) 2>/dev/null; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || fail 2 "No daemon has answered at $socket_path within ${opt_timeout:-10} s."
        sleep 0.1
    done
    note "The daemon answers."
}
