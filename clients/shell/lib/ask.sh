# shellcheck shell=sh disable=SC2016,SC2034,SC2154  # jq programs are quoted; variables are shared with dbassist and the other files
# ask, approve and decline: the assistant for scripts. Nothing is approved here but by dbassist approve.

command_ask() {
    allow --thread --last --model --mode --sql-only --wide
    arguments 1 2 $#
    [ -z "$opt_json" ] || [ -z "$opt_sql_only" ] || usage_error "--json and --sql-only exclude each other."
    # Who only wants a statement need not wait for its rows.
    turn_options "$(if [ -n "$opt_sql_only" ]; then echo sql; else echo answer; fi)"
    connection_open
    project_reference=$1
    shift
    ask_content "$@"
    project_resolve "$project_reference"
    thread_choose
    if [ -t 2 ] && [ -z "$opt_quiet" ]; then exec 6>&2; else exec 6>/dev/null; fi
    look_choose 6 false
    trap request_interrupt INT
    if ! turn_send "$mode"; then
        wanted=$(consent_wanted)
        error_report /dev/null
        [ -z "$wanted" ] || consent_hint "$project_reference"
        case $(error_code) in
        cancelled) exit 130 ;;
        esac
        exit "$(printf '%s\n' "$payload" | jq -rM -L "$lib" 'include "errors"; exit_code')"
    fi
    trap on_interrupt INT
    chat_message=$payload
    printf '%s\n' "$chat_message" | draw '(if .note then "note: \(.note | visible_line)" else empty end), usage_line | dim($look)'
    exec 6>&1
    look_choose 1 false
    if [ -n "$opt_json" ]; then
        printf '%s\n' "$chat_message" | jq .
    elif [ -n "$opt_sql_only" ]; then
        ask_sql
    else
        ask_answer
    fi
}

# ask_content [TEXT]: put the message into the file content.json: the argument, or standard input.
ask_content() {
    if [ $# -eq 1 ] && [ "$1" != - ]; then
        printf '%s' "$1" >"$work_dir/content"
    else
        [ ! -t 0 ] || note "Reading the question from the terminal; end it with Ctrl-D."
        cat >"$work_dir/content"
    fi
    grep -q '[^[:space:]]' "$work_dir/content" || usage_error "There is no question."
    json_string <"$work_dir/content" >"$work_dir/content.json" || fail 1 "The question is not UTF-8."
}

# ask_sql: the last statement and nothing else: its very characters, but on a terminal.
ask_sql() {
    sql=$(printf '%s\n' "$chat_message" | jq -cM -L "$lib" 'include "chat"; ((.statements // []) + (.proposals // [])) | last | .sql // empty')
    if [ -z "$sql" ]; then
        printf '%s\n' "$chat_message" | jq -rM -L "$lib" 'include "chat"; .text | visible_text' >&2
        fail 4 "The answer has no statement."
    fi
    if [ -t 1 ]; then
        printf '%s\n' "$sql" | jq -rM -L "$lib" 'include "chat"; visible_text | revealed'
    else
        printf '%s\n' "$sql" | jq -rM .
    fi
}

# ask_answer: the text, the rows of the last statement, and what would write.
ask_answer() {
    printf '%s\n' "$chat_message" | draw '.text | visible_text | sub("\n+$"; "")'
    statement=$(printf '%s\n' "$chat_message" | jq -cM '[(.statements // [])[] | select(.queryId)] | last // empty')
    if [ -n "$statement" ]; then
        printf '\n' >&6
        cell=40
        [ -z "$opt_wide" ] || cell=0
        statement_rows "$statement" "$cell" || note "The rows of the statement are no longer kept; ask again."
    fi
    printf '%s\n' "$chat_message" | jq -cM '(.proposals // [])[] | select(.status == "pending")' >"$work_dir/proposals"
    while IFS= read -r proposal; do
        printf '\n' >&6
        proposal_show "$proposal" ''
        printf '%s\n' "$proposal" | draw '"It has not run. To run it: dbassist approve \(.approvalId | visible_line)"'
    done <"$work_dir/proposals"
}

# proposal_find ID: set `proposal` to a statement that waits, with the project's name in `proposal_project`.
proposal_find() {
    case $1 in
    *[!0-9A-Fa-f-]* | '') usage_error "'$1' is not the id of a proposal; dbassist ask and chat show it." ;;
    esac
    cursor='' pages=10
    while [ "$pages" -gt 0 ]; do
        pages=$((pages - 1))
        demand chat.history "{${cursor}\"limit\":200}"
        proposal=$(printf '%s\n' "$payload" | jq -cM --arg id "$1" 'first(.items[] | .projectId as $project | (.proposals // [])[]
            | select(.approvalId == ($id | ascii_downcase)) | . + {projectId: $project}) // empty')
        [ -z "$proposal" ] || break
        cursor=$(printf '%s\n' "$payload" | jq -cM '.nextCursor // empty')
        [ -n "$cursor" ] || break
        cursor="\"cursor\":$cursor,"
    done
    [ -n "$proposal" ] || fail 4 "You have no proposal $1; dbassist ask and chat show the ids of those there are."
    project=$(printf '%s\n' "$proposal" | jq -rM .projectId)
    demand project.get "{\"projectId\":\"$project\"}"
    proposal_project=$(printf '%s\n' "$payload" | jq -rM .name)
}

command_approve() {
    allow --yes
    arguments 1 1 $#
    connection_open
    proposal_find "$1"
    case $(printf '%s\n' "$proposal" | jq -rM .status) in
    pending) ;;
    approved) fail 4 "It was approved before, and runs only once." ;;
    declined) fail 4 "It was declined; ask the assistant for a new proposal." ;;
    *) fail 4 "It has expired; ask the assistant for a new proposal." ;;
    esac
    exec 6>&1
    look_choose 1 false
    if [ -n "$opt_json" ]; then exec 6>&2; fi
    [ -n "$opt_quiet" ] || proposal_show "$proposal" "$proposal_project"
    if [ -z "$opt_yes" ]; then
        [ -t 0 ] || fail 7 "Nothing has run. Where nobody can be asked, --yes says that you have read the statement."
        agreed "Run this?" || fail 9 "Nothing has run. It can be approved until it expires, or declined with dbassist decline."
    fi
    trap request_interrupt INT
    if [ -n "$opt_json" ]; then
        printf '%s\n' "$proposal" | jq -jM .sql >"$work_dir/sql"
        request chat.approve "{\"approvalId\":\"$1\"}" || error_exit "$work_dir/sql"
        printf '%s\n' "$payload" | jq .
    else
        proposal_run "$proposal" || error_exit "$work_dir/sql"
    fi
}

command_decline() {
    allow
    arguments 1 1 $#
    case $1 in
    *[!0-9A-Fa-f-]* | '') usage_error "'$1' is not the id of a proposal; dbassist ask and chat show it." ;;
    esac
    demand chat.decline "{\"approvalId\":\"$1\"}"
    note "It can no longer be approved."
}
