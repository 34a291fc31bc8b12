# shellcheck shell=sh disable=SC2016,SC2034,SC2154  # jq programs are quoted; variables are shared with dbassist and the other files
# models, threads, thread, examples, example and assistant: what the assistant has to work with.

command_models() {
    allow --test
    if [ -n "$opt_test" ]; then
        arguments 0 1 $#
        # Ends with the exit code of the step that failed.
        models_test "$@"
    fi
    arguments 0 0 $#
    demand chat.models
    if [ -z "$opt_json" ] && [ "$(printf '%s\n' "$payload" | jq '.items | length')" -eq 0 ]; then
        note "No model is configured, and the assistant works without one. For a model, set DBASSIST_MODEL_URL and DBASSIST_MODEL of the daemon."
        return
    fi
    show '.items | map([.name, .model, .host, (if .local then "this machine" else "elsewhere" end), .toolStyle, .contextTokens,
        (if .default then "default" else "" end)]) | list(["NAME", "MODEL", "HOST", "WHERE", "TOOLS", "WINDOW", ""])'
}

# models_test [NAME]: each step of reaching a model, as they ended.
models_test() {
    params={}
    if [ $# -eq 1 ]; then
        name=$(quoted "$1") || exit 1
        params="{\"model\":$name}"
    fi
    connection_open
    trap request_interrupt INT
    [ ! -t 2 ] || note "Testing; a model may take a while to answer."
    request chat.doctor "$params" || error_exit
    show '(if .model then "model \(.model | visible)" else empty end),
        (.steps[] | "\(.status)  \(.step)\(if .durationMs then " (\(.durationMs | duration))" else "" end)\(if .message then ": \(.message | visible)" else "" end)",
        (if .hint then "        hint: \(.hint | visible)" else empty end))'
    # As for a database: what is not configured is not valid, what does not answer is out of reach.
    exit "$(printf '%s\n' "$payload" | jq -rM 'if .ok then 0
        elif first(.steps[] | select(.status == "failed")) | .step == "configuration" then 4 else 5 end')"
}

command_threads() {
    allow --limit --all
    arguments 0 1 $#
    [ -z "$opt_all" ] || [ -z "$opt_limit" ] || usage_error "--all and --limit do not go together."
    members=
    if [ $# -eq 1 ]; then
        project_resolve "$1"
        members="\"projectId\":\"$project\""
    fi
    most=${opt_limit:-20}
    [ -z "$opt_all" ] || most=0
    list_all chat.threads "$members" "$most"
    if [ -n "$opt_json" ]; then
        show .
        return
    fi
    printf '%s\n' "$payload" >"$work_dir/threads"
    list_all project.list '' 0
    printf '%s\n' "$payload" | jq -rM --slurpfile threads "$work_dir/threads" -L "$lib" 'include "table";
        (.items | map({(.id): .name}) | add // {}) as $names
        | $threads[0].items | map([.id, $names[.projectId], .title, .messageCount, (.updatedAt | short_time)])
        | list(["ID", "PROJECT", "TITLE", "MESSAGES", "LAST (UTC)"])'
}

command_thread() {
    action=${1:-}
    [ $# -eq 0 ] || shift
    case $action in
    show | rm) "thread_$action" "$@" ;;
    title) thread_rename "$@" ;;
    '') usage_error "Say what to do: show, title or rm." ;;
    *) usage_error "There is no command thread $action." ;;
    esac
}

# thread_named ID: refuse what is no id, which is put between quotes as it is.
thread_named() {
    thread_check "$1" || usage_error "'$1' is not the id of a thread; dbassist threads lists them."
}

thread_show() {
    allow --limit
    arguments 1 1 $#
    thread_named "$1"
    list_all chat.history "\"threadId\":\"$1\"" "${opt_limit:-0}"
    if [ -n "$opt_json" ]; then
        show .
        return
    fi
    [ "$(printf '%s\n' "$payload" | jq '.items | length')" -gt 0 ] ||
        fail 4 "You have no thread $1; dbassist threads lists them."
    exec 6>&1
    look_choose 1 true
    printf '%s\n' "$payload" | draw '.items | reverse[] | message_lines($look)'
}

thread_rename() {
    allow
    arguments 2 2 $#
    thread_named "$1"
    title=$(quoted "$2") || exit 1
    demand chat.renameThread "{\"threadId\":\"$1\",\"title\":$title}"
    show '"\(.id)  \(.title | visible)"'
}

thread_rm() {
    allow --yes
    arguments 1 1 $#
    thread_named "$1"
    connection_open
    if [ -z "$opt_yes" ] && [ -t 0 ]; then
        ask "Delete the conversation $1 for good? The queries it ran stay in history. [y/N] " "Say --yes to delete it without a question."
        case $answer in
        y | Y | yes) ;;
        *) fail 9 "Nothing was deleted." ;;
        esac
    fi
    demand chat.deleteThread "{\"threadId\":\"$1\"}"
    note "Deleted."
}

command_examples() {
    allow --limit --all
    arguments 1 1 $#
    [ -z "$opt_all" ] || [ -z "$opt_limit" ] || usage_error "--all and --limit do not go together."
    project_resolve "$1"
    most=${opt_limit:-20}
    [ -z "$opt_all" ] || most=0
    list_all chat.examples "\"projectId\":\"$project\"" "$most"
    if [ -z "$opt_json" ] && [ "$(printf '%s\n' "$payload" | jq '.items | length')" -eq 0 ]; then
        note "No statement is confirmed yet; /good in dbassist chat confirms one, and so does dbassist example add."
        return
    fi
    show '.items | map([.id, (.createdAt | short_time), (.question, .sql | visible_line | gsub(" +"; " ") | shorten(60))])
        | list(["ID", "CONFIRMED (UTC)", "QUESTION", "STATEMENT"])'
}

command_example() {
    action=${1:-}
    [ $# -eq 0 ] || shift
    case $action in
    add | rm) "example_$action" "$@" ;;
    '') usage_error "Say what to do: add or rm." ;;
    *) usage_error "There is no command example $action." ;;
    esac
}

# example_add PROJECT QUESTION [SQL]: without SQL, or with -, it is read from standard input.
example_add() {
    allow
    arguments 2 3 $#
    connection_open
    project_reference=$1
    question=$(quoted "$2") || exit 1
    shift 2
    query_sql "$@"
    project_resolve "$project_reference"
    trap request_interrupt INT
    request chat.confirm "{\"projectId\":\"$project\",\"question\":$question,\"sql\":$(tr -d '\n' <"$work_dir/sql.json")}" ||
        error_exit "$work_dir/sql"
    show '"\(.id)  \(.question | visible)"'
}

example_rm() {
    allow
    arguments 1 1 $#
    thread_check "$1" || usage_error "'$1' is not the id of an example; dbassist examples PROJECT lists them."
    demand chat.deleteExample "{\"exampleId\":\"$1\"}"
    note "The model no longer sees it."
}

# share_add OPTION LIST: remember which consents are given or taken back.
share_add() {
    case $1 in
    --share) consent=true ;;
    *) consent=false ;;
    esac
    list=$2,
    while [ -n "$list" ]; do
        item=${list%%,*}
        list=${list#*,}
        case $item in
        schema) member=shareSchema ;;
        rows) member=shareRows ;;
        samples) member=shareSamples ;;
        all)
            list="schema,rows,samples,$list"
            continue
            ;;
        *) usage_error "$1 takes schema, rows and samples, with commas between, or all; not '$item'." ;;
        esac
        case ",$opt_share" in
        *",\"$member\""*) usage_error "$item is both shared and not." ;;
        esac
        opt_share=$opt_share\"$member\":$consent,
    done
}

# list_add OPTION VALUE: remember what is to be put into a list of the settings, or taken out of it.
list_add() {
    value=$(quoted "$2") || exit 1
    case $1 in
    --mask) opt_mask=$opt_mask$value, ;;
    --no-mask) opt_no_mask=$opt_no_mask$value, ;;
    --accept) opt_accept=$opt_accept$value, ;;
    *) opt_no_accept=$opt_no_accept$value, ;;
    esac
}

command_assistant() {
    allow --model --share --no-share --mask --no-mask --accept --no-accept
    arguments 1 1 $#
    project_resolve "$1"
    demand project.get "{\"projectId\":\"$project\"}"
    change=${opt_share%,}
    case "$given " in
    *' --model '*)
        # Empty or `default`: the default again.
        [ "$opt_model" != default ] || opt_model=
        value=$(quoted "$opt_model") || exit 1
        change=${change:+$change,}\"model\":$value
        ;;
    esac
    [ -z "$opt_mask$opt_no_mask" ] || list_change maskedColumns "$opt_mask" "$opt_no_mask"
    [ -z "$opt_accept$opt_no_accept" ] || list_change acceptedRights "$opt_accept" "$opt_no_accept"
    [ -z "$change" ] || demand project.update "{\"projectId\":\"$project\",\"assistant\":{$change}}"
    if [ -n "$opt_json" ]; then
        printf '%s\n' "$payload" | jq '.assistant // {}'
        return
    fi
    printf '%s\n' "$payload" | jq -rM -L "$lib" 'include "chat"; assistant_lines'
}

# list_change MEMBER ADD REMOVE: add to `change` the list of the project in `payload`, with what is added and removed.
list_change() {
    printf '%s\n[%s]\n[%s]\n' "$payload" "${2%,}" "${3%,}" >"$work_dir/lists"
    list=$(jq -cnM --arg member "$1" '(input.assistant[$member] // []) as $old | input as $add | input as $remove
        | reduce ($old + $add)[] as $item ([]; if any(.[]; . == $item) or any($remove[]; . == $item) then . else . + [$item] end)' \
        <"$work_dir/lists") || exit 1
    change="${change:+$change,}\"$1\":$list"
}
