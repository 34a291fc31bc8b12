# Completion of dbassist for bash: commands, options, words they take, projects, and the methods of `call` and `help`.
# shellcheck shell=bash

# The generated list of methods, beside the client in the source tree or where packages put it.
for _dbassist_file in "${BASH_SOURCE[0]%/*}/../methods.bash" /usr/share/dbassist/methods.bash; do
    # shellcheck source=/dev/null
    if [[ -r $_dbassist_file ]]; then source "$_dbassist_file" && break; fi
done
unset _dbassist_file

# _dbassist_projects [OPTION...]: set _dbassist_names to the projects' names, a line each. The daemon is asked at most once in ten
# seconds, so this must not run in a subshell.
_dbassist_projects() {
    local key="$*|${XDG_STATE_HOME-}|${DBASSIST_SOCKET-}|${DBASSIST_TOKEN_FILE-}"
    if [[ ${_dbassist_key-} != "$key" ]] || ((SECONDS - ${_dbassist_asked:-0} > 10)); then
        _dbassist_names=$(dbassist projects --json --quiet "$@" 2>/dev/null </dev/null | jq -r '.items[].name' 2>/dev/null)
        _dbassist_key=$key
        _dbassist_asked=$SECONDS
    fi
}

_dbassist_methods() {
    if [[ -n ${dbassist_methods[*]-} ]]; then
        printf '%s\n' "${dbassist_methods[@]}"
    else
        dbassist methods --json --quiet "$@" 2>/dev/null </dev/null | jq -r '.methods[].name' 2>/dev/null
    fi
}

# _dbassist_reply WORD: candidates come on standard input, one a line; those that begin with WORD go to COMPREPLY, quoted.
_dbassist_reply() {
    local candidate
    while IFS= read -r candidate; do
        [[ -z $candidate || $candidate != "$1"* ]] || COMPREPLY+=("$(printf '%q' "$candidate")")
    done
}

_dbassist_words() {
    local word=$1
    shift
    _dbassist_reply "$word" < <(printf '%s\n' "$@")
}

# _dbassist_tables WORD PROJECT [OPTION...]: tables and views that begin with WORD.
_dbassist_tables() {
    local word=$1 project=$2
    shift 2
    _dbassist_reply "$word" < <(dbassist tables "$project" "${word//[*?]/}*" --limit 200 --json --quiet "$@" 2>/dev/null </dev/null |
        jq -r '.items[].name' 2>/dev/null)
}

# _dbassist_threads WORD PROJECT [OPTION...]: ids of the latest conversations, of a project if one is named.
_dbassist_threads() {
    local word=$1 project=$2
    shift 2
    _dbassist_reply "$word" < <(dbassist threads ${project:+"$project"} --limit 50 --json --quiet "$@" 2>/dev/null </dev/null |
        jq -r '.items[].id' 2>/dev/null)
}

_dbassist_options() {
    local own
    case $1 in
    signup) own="--name --password-stdin" ;;
    login | passwd) own="--password-stdin" ;;
    sessions) own="--others" ;;
    "token narrow") own="--method --project --read-only --until --rate" ;;
    projects) own="--type --text" ;;
    "project add") own="--type --description --write" ;;
    "project update") own="--name --description --connection --write --read-only" ;;
    "project rm") own="--yes" ;;
    query) own="--param --write --format --max-rows --timeout --wide --label" ;;
    explain) own="--param --analyze --timeout" ;;
    export) own="--param --write --format --output --table --max-rows --timeout --label" ;;
    summarize) own="--param --max-rows --timeout --label" ;;
    watch | tables | search) own="--limit" ;;
    history) own="--project --status --text --error --shape --since --until --mode --source --limit --all --format" ;;
    forget) own="--project --before --yes" ;;
    stats) own="--since --until --limit" ;;
    dashboard) own="--days" ;;
    wait) own="--timeout" ;;
    chat) own="--thread --last --model --mode" ;;
    ask) own="--thread --last --model --mode --sql-only --wide" ;;
    approve | "thread rm") own="--yes" ;;
    models) own="--test" ;;
    threads | examples) own="--limit --all" ;;
    "thread show") own="--limit" ;;
    assistant) own="--model --share --no-share --mask --no-mask --accept --no-accept" ;;
    "") own="--version" ;;
    esac
    # shellcheck disable=SC2086
    printf '%s\n' $own --socket --json --quiet --help
}

# _dbassist_params METHOD WORD BEFORE KEY: the method's params, as key= or key:= for true and false; after one of these, which
# bash takes for a word of its own, the words that the param may be.
_dbassist_params() {
    [[ -n ${dbassist_params[*]-} ]] || return 0
    local method=$1 word=$2 before=$3 key=$4 name
    if [[ $word == = || $word == := ]]; then
        key=$before
        before=$word
        word=
    fi
    if [[ $before == = || $before == := ]]; then
        # shellcheck disable=SC2086
        _dbassist_words "$word" ${dbassist_words["$method $key"]-}
        return
    fi
    for name in ${dbassist_params[$method]-}; do
        [[ $name == "$word"* ]] || continue
        if [[ ${dbassist_words["$method $name"]-} == "true false" ]]; then COMPREPLY+=("$name:="); else COMPREPLY+=("$name="); fi
    done
    compopt -o nospace 2>/dev/null
}

_dbassist() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local -a positional=() connection=()
    local index
    COMPREPLY=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${COMP_WORDS[index]} in
        --socket) connection=(--socket "${COMP_WORDS[++index]-}") ;;
        --type | --description | --name | --project | --status | --text | --limit | --days | --format | --max-rows | --timeout | \
            --label | --connection | --output | --table | --since | --until | --before | --mode | --source | --error | --shape | --param | -p | --model | --thread | --share | --no-share | --mask | \
            --no-mask | --accept | --no-accept | --method | --rate) ((index++)) ;;
        -*) ;;
        *) positional+=("${COMP_WORDS[index]}") ;;
        esac
    done
    local command=${positional[0]-}
    [[ $command != project && $command != thread && $command != example && $command != token ]] || command="$command ${positional[1]-}"
    command=${command% }

    case $before in
    --type)
        _dbassist_words "$word" postgresql mysql sqlite
        return
        ;;
    --format)
        if [[ $command == export ]]; then
            _dbassist_words "$word" csv json jsonl markdown sql
        else
            _dbassist_words "$word" table csv json jsonl
        fi
        return
        ;;
    --status)
        _dbassist_words "$word" running success error cancelled
        return
        ;;
    --mode)
        if [[ $command == history ]]; then
            _dbassist_words "$word" read write
        else
            _dbassist_words "$word" answer sql explain
        fi
        return
        ;;
    --share | --no-share)
        _dbassist_words "$word" schema rows samples all
        return
        ;;
    --model)
        _dbassist_reply "$word" < <(dbassist models --json --quiet "${connection[@]}" 2>/dev/null </dev/null | jq -r '.items[].name' 2>/dev/null)
        return
        ;;
    --thread)
        _dbassist_threads "$word" "${positional[1]-}" "${connection[@]}"
        return
        ;;
    --source)
        _dbassist_words "$word" editor script chat
        return
        ;;
    --project)
        _dbassist_projects "${connection[@]}"
        _dbassist_reply "$word" <<<"$_dbassist_names"
        return
        ;;
    --method)
        _dbassist_reply "$word" < <(_dbassist_methods "${connection[@]}")
        return
        ;;
    --socket | --output)
        compopt -o default 2>/dev/null
        return
        ;;
    --name | --description | --text | --limit | --days | --max-rows | --timeout | --label | --connection | --table | --since | --until | --before | \
        --error | --shape | --rate | --param | -p | --mask | --no-mask | --accept | --no-accept) return ;;
    esac
    if [[ $word == -* ]]; then
        _dbassist_reply "$word" < <(_dbassist_options "$command")
        return
    fi
    case $command:${#positional[@]} in
    :0) _dbassist_words "$word" signup login logout whoami passwd sessions token projects project query explain export summarize tables \
        describe search relations refresh watch history forget stats dashboard chat ask approve decline models threads thread examples example assistant \
        health wait methods call coprocess help ;;
    project:1) _dbassist_words "$word" add show test rm update ;;
    sessions:1) _dbassist_words "$word" revoke ;;
    token:1) _dbassist_words "$word" narrow ;;
    thread:1) _dbassist_words "$word" show title rm ;;
    example:1) _dbassist_words "$word" add rm ;;
    "thread show:2" | "thread rm:2" | "thread title:2") _dbassist_threads "$word" '' "${connection[@]}" ;;
    "project show:2" | "project test:2" | "project rm:2" | "project update:2" | query:1 | explain:1 | export:1 | summarize:1 | \
        tables:1 | describe:1 | search:1 | relations:1 | refresh:1 | watch:1 | stats:1 | \
        chat:1 | ask:1 | threads:1 | examples:1 | "example add:2" | assistant:1)
        _dbassist_projects "${connection[@]}"
        _dbassist_reply "$word" <<<"$_dbassist_names"
        ;;
    describe:2 | relations:2 | relations:3) _dbassist_tables "$word" "${positional[1]}" "${connection[@]}" ;;
    "project add:3") compopt -o default 2>/dev/null ;;
    call:1) _dbassist_reply "$word" < <(_dbassist_methods "${connection[@]}") ;;
    call:*) _dbassist_params "${positional[1]}" "$word" "$before" "${COMP_WORDS[COMP_CWORD - 2]}" ;;
    help:1)
        _dbassist_words "$word" signup login logout whoami passwd sessions token projects project query explain export summarize tables \
            describe search relations refresh watch history forget stats dashboard chat ask approve decline models threads thread examples example assistant \
            health wait methods call coprocess
        _dbassist_reply "$word" < <(_dbassist_methods "${connection[@]}")
        ;;
    esac
}

complete -F _dbassist dbassist
