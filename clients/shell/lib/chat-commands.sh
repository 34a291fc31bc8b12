# shellcheck shell=sh disable=SC2016,SC2034,SC2154  # jq programs are quoted; variables are shared with dbassist and the other files
# What begins with a slash in a conversation.

# chat_command LINE: do it; fails if the conversation is over.
chat_command() {
    word=${1%%[[:space:]]*}
    rest=${1#"$word"}
    rest=${rest#"${rest%%[![:space:]]*}"}
    case $word in
    /help) help_chat_commands ;;
    /sql | /explain | /answer) chat_mode "${word#/}" "$rest" ;;
    /rows) chat_rows "$rest" ;;
    /good) chat_good ;;
    /threads) chat_threads ;;
    /thread) chat_thread "$rest" ;;
    /new)
        thread='' chat_message='' chat_question=
        chat_say "A new conversation begins with your next message."
        ;;
    /title) chat_title "$rest" ;;
    /context) chat_context "$rest" ;;
    /model) chat_model "$rest" ;;
    /quit | /exit) return 1 ;;
    *) chat_say "There is no command $(printf '%s' "$word" | jq -RrsM -L "$lib" 'include "table"; visible_line'); /help lists them." ;;
    esac
    return 0
}

# chat_mode MODE [TEXT]: a message in another mode; without one, the mode of the next ones.
chat_mode() {
    if [ -n "$2" ]; then
        chat_turn "$1" "$2"
        return
    fi
    mode=$1
    case $1 in
    sql) chat_say "From now on statements are written and checked, and not run; /answer ends that." ;;
    explain) chat_say "From now on statements are explained; /answer ends that." ;;
    *) chat_say "From now on questions are answered." ;;
    esac
}

# chat_rows [N]: all rows of a statement of the last answer, the last one unless N says which.
chat_rows() {
    case $1 in
    *[!0-9]* | ????*) set -- none ;;
    esac
    statement=$(printf '%s\n' "$chat_message" | jq -cM --arg place "$1" '[(.statements // [])[] | select(.queryId)]
        | if $place == "" then last elif $place == "none" then null else .[($place | tonumber) - 1] end // empty' 2>/dev/null)
    if [ -z "$statement" ]; then
        chat_say "The last answer has no such rows."
    elif ! statement_rows "$statement" 0; then
        chat_say "The rows are no longer kept; ask again."
    fi
}

# chat_good: keep the last question and its statement as an example that the model is shown.
chat_good() {
    sql=$(printf '%s\n' "$chat_message" | jq -cM -L "$lib" 'include "chat"; last_statement | .sql // empty' 2>/dev/null)
    if [ -z "$sql" ]; then
        chat_say "The last answer has no statement that could be confirmed."
        return
    fi
    if request chat.confirm "{\"projectId\":\"$project\",\"question\":$chat_question,\"sql\":$sql}"; then
        chat_say "Confirmed: the model is shown this question and its statement when another is like it."
    else
        chat_failed
    fi
}

chat_threads() {
    if request chat.threads "{\"projectId\":\"$project\",\"limit\":20}"; then
        chat_listed=$payload
        printf '%s\n' "$payload" | draw '.items | if length == 0 then "There is no conversation about this project yet." else
            to_entries | map([(.key + 1), (if .value.id == $thread then "*" else "" end), .value.title, .value.messageCount,
                (.value.updatedAt | short_time), .value.id]) | list(["", "", "TITLE", "MESSAGES", "LAST (UTC)", "ID"]) end' \
            --arg thread "$thread"
    else
        chat_failed
    fi
}

# chat_thread N|ID: go on with a conversation that /threads has listed, or that has this id.
chat_thread() {
    wanted=
    if thread_check "$1"; then
        wanted=$1
    else
        case $1 in
        '' | *[!0-9]* | ???*) ;;
        *)
            wanted=$(printf '%s\n' "${chat_listed:-}" | jq -rM --argjson place "$1" '.items[$place - 1].id // empty' 2>/dev/null)
            ;;
        esac
    fi
    if [ -z "$wanted" ]; then
        chat_say "Say /thread and a number of the list that /threads shows."
        return
    fi
    request chat.history "{\"threadId\":\"$wanted\",\"projectId\":\"$project\",\"limit\":4}" || { chat_failed && return; }
    if [ "$(printf '%s\n' "$payload" | jq '.items | length')" -eq 0 ]; then
        chat_say "This project has no such conversation; /threads lists them."
        return
    fi
    thread=$wanted chat_message='' chat_question=
    printf '%s\n' "$payload" | draw '.items | reverse[] | message_lines($look)'
}

chat_title() {
    if [ -z "$thread" ]; then
        chat_say "The conversation has not begun; say something first."
    elif [ -z "$1" ]; then
        chat_say "Say /title and the title."
    elif title=$(printf '%s' "$1" | json_string) && request chat.renameThread "{\"threadId\":\"$thread\",\"title\":$title}"; then
        printf '%s\n' "$payload" | draw '"The conversation is called \(.title | visible_line) now." | dim($look)'
    else
        chat_failed
    fi
}

# chat_context TEXT: what would be sent for a message, without sending it.
chat_context() {
    if [ -z "$1" ]; then
        chat_say "Say /context and what you would ask; it shows what would be sent to the model, and sends nothing."
        return
    fi
    content=$(printf '%s' "$1" | json_string) || return 0
    if request chat.context \
        "{\"projectId\":\"$project\",\"content\":$content,\"mode\":\"$mode\"${thread:+,\"threadId\":\"$thread\"}${model:+,\"model\":$model}}"; then
        printf '%s\n' "$payload" | draw 'context_lines($look)'
    else
        chat_failed
    fi
}

# chat_model [NAME]: the model of the next messages; without a name, that of the project again.
chat_model() {
    if [ -z "$1" ]; then
        model=
        chat_say "The project's model answers. dbassist models lists those there are."
        return
    fi
    wanted=$(printf '%s' "$1" | json_string) || return 0
    request chat.models || { chat_failed && return; }
    printf '%s\n%s\n' "$wanted" "$payload" >"$work_dir/models"
    if [ "$(jq -nM 'input as $name | [input.items[] | select(.name == $name)] | length' <"$work_dir/models")" -gt 0 ]; then
        model=$wanted
        draw 'input as $name | input.items[] | select(.name == $name)
            | "\(.name | visible_line) at \(.host | visible_line) answers from now on." | dim($look)' -n <"$work_dir/models"
    else
        draw 'input as $name | input.items | map(.name | visible_line)
            | if length == 0 then "No model is configured." else "There is no model \($name | visible_line); there are: " + join(", ") end' \
            -n <"$work_dir/models"
    fi
}
