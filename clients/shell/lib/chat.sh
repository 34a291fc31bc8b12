# shellcheck shell=sh disable=SC2016,SC2034,SC2154  # jq programs are quoted; variables are shared with dbassist and the other files
# chat: a conversation with the assistant in the terminal.

chat_code=0
chat_message=
chat_question=
chat_note=

command_chat() {
    allow --thread --last --model --mode
    arguments 1 1 $#
    [ -z "$opt_json" ] || usage_error "A conversation is no JSON; dbassist ask --json answers one."
    turn_options answer
    connection_open
    project_resolve "$1"
    thread_choose
    exec 6>&1
    look_choose 1 true
    interactive=
    if [ -t 0 ]; then interactive=1; fi
    chat_begin
    trap request_interrupt INT
    while chat_read; do
        case $line in
        *[![:space:]]*) ;;
        *) continue ;;
        esac
        [ -n "$interactive" ] || [ -n "$opt_quiet" ] || printf '%s\n' "$line" | draw '"> " + visible_text | bright($look)' -R
        case $line in
        /*) chat_command "$line" || break ;;
        *) chat_turn "$mode" "$line" ;;
        esac
    done
    exit "$chat_code"
}

# turn_options MODE: check the options of a turn; sets `mode` (MODE if none is given) and `model` (JSON, or empty).
turn_options() {
    mode=${opt_mode:-$1} model=
    mode_check "$mode" || usage_error "--mode is answer, sql or explain, not '$mode'."
    if [ -n "$opt_model" ]; then
        model=$(quoted "$opt_model") || exit 1
    fi
    [ -z "$opt_thread" ] || [ -z "$opt_last" ] || usage_error "--thread and --last exclude each other."
}

mode_check() {
    case $1 in
    answer | sql | explain) ;;
    *) return 1 ;;
    esac
}

# thread_choose: set `thread` to the conversation that --thread or --last names; empty for a new one.
thread_choose() {
    thread=
    if [ -n "$opt_last" ]; then
        demand chat.threads "{\"projectId\":\"$project\",\"limit\":1}"
        thread=$(printf '%s\n' "$payload" | jq -rM '.items[0].id // ""')
        [ -n "$thread" ] || note "There is no conversation about this project yet; a new one begins."
    elif [ -n "$opt_thread" ]; then
        thread_check "$opt_thread" || usage_error "--thread takes the id of a thread; dbassist threads lists them."
        demand chat.history "{\"threadId\":\"$opt_thread\",\"projectId\":\"$project\",\"limit\":1}"
        [ "$(printf '%s\n' "$payload" | jq '.items | length')" -gt 0 ] ||
            fail 4 "The project has no thread $opt_thread; dbassist threads lists them."
        thread=$opt_thread
    fi
}

thread_check() {
    case $1 in
    *[!0-9A-Fa-f-]*) return 1 ;;
    ????????-????-????-????-????????????) ;;
    *) return 1 ;;
    esac
}

# chat_begin: say who answers, about what, and what was said before.
chat_begin() {
    demand project.get "{\"projectId\":\"$project\"}"
    chat_project=$(printf '%s\n' "$payload" | jq -rM -L "$lib" 'include "table"; .name | visible_line')
    [ -z "$opt_quiet" ] || return 0
    printf '%s\n' "$payload" >"$work_dir/project.json"
    demand chat.models
    if [ -n "$model" ]; then printf '%s' "$model"; else jq -cM '.assistant.model // null' "$work_dir/project.json"; fi >"$work_dir/model.json"
    printf '%s\n' "$payload" | draw '$name[0] as $name | .items
        | (first(.[] | select(.name == $name)) // first(.[] | select(.default)) // null) as $model
        | ($project[0] | "\(.name | visible_line): \(.databaseType), \(if .readOnly then "read only" else "read and write" end). ")
          + (if $model then "The model is \($model.name | visible_line) at \($model.host | visible_line)"
              + (if $model.local then ", on this machine." else "." end)
            else "No model is configured: only questions about schema, history and plans are answered." end),
        "/help lists commands; Ctrl-C stops an answer, Ctrl-D ends." | dim($look)' \
        --slurpfile name "$work_dir/model.json" --slurpfile project "$work_dir/project.json"
    [ -z "$thread" ] || chat_before
}

# chat_before: the last messages of the thread.
chat_before() {
    request chat.history "{\"threadId\":\"$thread\",\"limit\":4}" || return 0
    printf '%s\n' "$payload" | draw '.items | reverse[] | message_lines($look)'
}

# chat_read: read what is said into `line`: a line, and the next one too while it ends in a backslash. Fails at the end.
chat_read() {
    line='' prompt="$chat_project> "
    while :; do
        interrupted=
        [ -z "$interactive" ] || printf '%s' "$prompt" >&2
        # Ctrl-C may have been quicker than the reading.
        if [ -n "$interrupted" ] || ! IFS= read -r piece; then
            if [ -n "$interrupted" ]; then
                printf '\n' >&2
                line='' prompt="$chat_project> "
                continue
            fi
            line=$line$piece
            [ -z "$interactive" ] || printf '\n' >&2
            [ -n "$line" ]
            return
        fi
        case $piece in
        *\\)
            line=$line${piece%\\}$nl
            prompt='... '
            ;;
        *)
            line=$line$piece
            return 0
            ;;
        esac
    done
}

# chat_turn MODE TEXT: one turn, and what it leaves.
chat_turn() {
    if ! printf '%s' "$2" | json_string >"$work_dir/content.json"; then
        chat_say "This is not UTF-8; check the encoding of the terminal."
        return
    fi
    tries=3
    until turn_send "$1"; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ] || [ -z "$(consent_wanted)" ]; then
            chat_failed
            return
        fi
        chat_say "$(printf '%s\n' "$payload" | jq -rM -L "$lib" 'include "table"; .message | visible_line')"
        if ! consent_ask; then
            consent_hint "$chat_project"
            chat_code=7
            return
        fi
    done
    chat_message=$payload chat_code=0
    chat_question=$(cat "$work_dir/content.json")
    chat_tables
    chat_proposals
    # The same note once.
    noted=$(printf '%s\n' "$chat_message" | jq -cM '.note // empty')
    [ "$noted" != "$chat_note" ] || noted=
    [ -z "$noted" ] || chat_note=$noted
    printf '%s\n' "$chat_message" | draw '(if .note and $noted != "" then "note: \(.note | visible_line)" else empty end),
        (if $quiet == "" then usage_line else empty end) | dim($look)' --arg noted "$noted" --arg quiet "$opt_quiet"
}

chat_say() {
    printf '%s\n' "$1" >&2
}

# chat_failed: say why the last request failed, and go on; end where going on makes no sense.
chat_failed() {
    case $(error_code) in
    cancelled) chat_say "Stopped. The conversation goes on." ;;
    unauthenticated | shutting_down) error_exit ;;
    *) error_report "${1:-/dev/null}" ;;
    esac
    chat_code=$(printf '%s\n' "$payload" | jq -rM -L "$lib" 'include "errors"; exit_code' 2>/dev/null) || chat_code=10
}

# chat_tables: the rows of the statements that the answer stands on: of the last one more than of those before.
chat_tables() {
    # Without a model the text has the rows already, where it has a table.
    printf '%s\n' "$chat_message" | jq -cM 'if .model == null and (.text | contains("| --- |")) then empty else . end
        | [(.statements // [])[] | select(.queryId)] | to_entries[]
        | .value + {place: (.key + 1)}' >"$work_dir/statements"
    left=$(grep -c . "$work_dir/statements")
    several=$left
    while [ "$left" -gt 0 ]; do
        statement=$(tail -n "$left" "$work_dir/statements" | head -n 1)
        most=20
        [ "$left" -eq 1 ] || most=5
        left=$((left - 1))
        statement_page "$statement" || continue
        printf '%s\n%s\n' "$statement" "$payload" | draw 'input as $statement
            | (if $several > 1 then "[\($statement.place)] \($statement.sql | visible_line | shorten(70))" | dim($look) else "" end),
              (input | statement_table($statement; $most; $look; "/rows" + (if $several > 1 then " \($statement.place)" else "" end) + " shows them"))' \
            -n --argjson most "$most" --argjson several "$several"
    done
    result_id=
}

# chat_proposals: put what would write before the person, one by one.
chat_proposals() {
    printf '%s\n' "$chat_message" | jq -cM '(.proposals // [])[] | select(.status == "pending")' >"$work_dir/proposals"
    left=$(grep -c . "$work_dir/proposals")
    while [ "$left" -gt 0 ]; do
        proposal=$(tail -n "$left" "$work_dir/proposals" | head -n 1)
        left=$((left - 1))
        printf '\n' >&6
        proposal_show "$proposal" "$chat_project"
        if agreed "Run this?"; then
            proposal_run "$proposal" || chat_failed "$work_dir/sql"
        else
            [ -n "$interactive" ] || chat_say "Only a person at a terminal can agree to this."
            if proposal_decline "$proposal"; then chat_say "Declined; nothing was changed."; else chat_failed; fi
        fi
    done
}
