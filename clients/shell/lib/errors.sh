# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# How dbassist fails: a sentence, a hint and an exit code that says what kind of failure it was.

# fail CODE SENTENCE
fail() {
    printf 'dbassist: %s\n' "$2" >&2
    exit "$1"
}

usage_error() {
    printf 'dbassist: %s See dbassist help%s.\n' "$1" "${command:+ $command}" >&2
    exit 1
}

# error_exit [SQL-FILE]: report the error in `payload` and end. With a file, show where in it the database stopped.
error_exit() {
    printf '%s\n' "$payload" | jq -rM -L "$lib" 'include "errors"; exit_code' >"$work_dir/code" 2>/dev/null
    error_report "${1:-/dev/null}"
    read -r code <"$work_dir/code" || code=10
    exit "$code"
}

error_report() {
    printf '%s\n' "$payload" | jq -rM --rawfile sql "$1" --arg write "${opt_write:-}" -L "$lib" 'include "errors"; report($sql)' >&2
}

# allow OPTION...: refuse options that the command does not take.
allow() {
    for option in $given; do
        case " --socket --json --quiet -q --help $* " in
        *" $option "*) ;;
        *) usage_error "The command $command does not take $option." ;;
        esac
    done
}

# arguments MIN MAX COUNT
arguments() {
    [ "$3" -ge "$1" ] || usage_error "The command $command needs more arguments."
    [ "$3" -le "$2" ] || usage_error "The command $command takes fewer arguments; quote those with spaces."
}

check_number() {
    case $2 in
    '' | *[!0-9]* | 0*) usage_error "$1 takes a number from 1, not '$2'." ;;
    esac
    [ ${#2} -le 9 ] || usage_error "$1 takes a smaller number than '$2'."
}

check_seconds() {
    case $1 in
    '' | . | *[!0-9.]* | *.*.* | ??????????*) usage_error "--timeout takes seconds, such as 5 or 0.5, not '$1'." ;;
    esac
}

note() {
    [ -n "$opt_quiet" ] || printf '%s\n' "$1" >&2
}
