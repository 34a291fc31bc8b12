# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# call, methods, coprocess, and help for a method: the protocol itself, as the daemon describes it.

# check_method NAME: refuse what cannot be a method's name, which is put between quotes as it is.
check_method() {
    case $1 in
    '' | *[!A-Za-z0-9.\$/_-]*) usage_error "'$1' is not the name of a method; dbassist methods lists them." ;;
    esac
}

# value_of TEXT: the text, or for @FILE what the file has, or for @- what comes on standard input. A final line break is no
# part of a value.
value_of() {
    case $1 in
    @-) cat ;;
    @*) cat -- "${1#@}" ;;
    *) printf '%s' "$1" ;;
    esac
}

# member KEY=VALUE|KEY:=JSON: one member of the params, as JSON.
member() {
    key=${1%%=*}
    value=$(value_of "${1#*=}") || exit 1
    case $key in
    *:)
        key=${key%:}
        value=$(json_value "$value") || usage_error "After $key:= there must be one JSON value."
        ;;
    *) value=$(printf '%s' "$value" | json_string) || usage_error "The value of $key is not UTF-8." ;;
    esac
    printf '%s:%s' "$(quoted "$key")" "$value"
}

command_call() {
    allow
    arguments 1 1000 $#
    check_method "$1"
    method=$1
    shift
    params=
    case $#,${1:-} in
    0,*) params={} ;;
    1,-) params=$(json_value "$(cat)") || usage_error "On standard input there must be one JSON value: the params." ;;
    1,\{* | 1,\[*) params=$(json_value "$1") || usage_error "The params are not valid JSON." ;;
    *)
        for argument; do
            case $argument in
            ?*=*) next=$(member "$argument") || exit 1 ;;
            *) usage_error "'$argument' is neither key=value nor key:=json." ;;
            esac
            params=${params:+$params,}$next
        done
        params="{$params}"
        ;;
    esac
    case $method in
    exit | initialized | \$/*)
        connection_open
        send "{\"jsonrpc\":\"2.0\",\"method\":\"$method\",\"params\":$params}"
        return
        ;;
    esac
    demand "$method" "$params"
    if [ -t 1 ]; then printf '%s\n' "$payload" | jq .; else printf '%s\n' "$payload"; fi
}

command_methods() {
    allow
    arguments 0 0 $#
    demand rpc.discover
    show '.methods | map([.name, .summary]) | list(["METHOD", "WHAT IT DOES"])'
}

# help_method NAME: what rpc.discover says of a method.
help_method() {
    check_method "$1"
    demand rpc.discover
    text=$(printf '%s\n' "$payload" | jq -rM --arg method "$1" -L "$lib" 'include "methods"; help($method)')
    case $text in
    '') fail 4 "There is neither a command nor a method $1; dbassist help and dbassist methods list them." ;;
    *) printf '%s\n' "$text" ;;
    esac
}

# coprocess: the socket as standard input and output of another program, with the session attached.
command_coprocess() {
    allow
    arguments 0 0 $#
    connection_open
    if [ -n "$attached" ]; then
        IFS= read -r reply <&4 || connection_lost
        payload=$(printf '%s\n' "$reply" | jq -cM '.error // empty')
        [ -z "$payload" ] || error_exit
    fi
    cat <&4 3>&- &
    output_pid=$!
    cat >&3
    # The end of the input is told to the daemon, and what it still answers is passed on.
    exec 3>&-
    wait "$output_pid"
}
