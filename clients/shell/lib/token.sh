# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# token narrow: a token that allows less than the session, for a script or an agent.

# method_add NAME: remember a method that the token is to allow; names may be separated by commas.
method_add() {
    names=$1,
    while [ -n "$names" ]; do
        item=$(quoted "${names%%,*}") || exit 1
        names=${names#*,}
        [ "$item" = '""' ] || opt_methods=${opt_methods:+$opt_methods,}$item
    done
}

command_token() {
    allow --method --project --read-only --until --rate
    [ "${1:-}" = narrow ] || usage_error "The command is dbassist token narrow."
    arguments 1 1 $#
    members=
    # In the order they were named, a line each.
    narrowed_to=
    while [ -n "$opt_projects" ]; do
        named=${opt_projects%%"$nl"*}
        opt_projects=${opt_projects#*"$nl"}
        project_resolve "$named"
        narrowed_to=${narrowed_to:+$narrowed_to,}\"$project\"
    done
    [ -z "$opt_methods" ] || members="${members:+$members,}\"methods\":[$opt_methods]"
    [ -z "$narrowed_to" ] || members="${members:+$members,}\"projectIds\":[$narrowed_to]"
    [ -z "$opt_read_only" ] || members="${members:+$members,}\"readOnly\":true"
    [ -z "$opt_rate" ] || members="${members:+$members,}\"requestsPerMinute\":$opt_rate"
    [ -z "$opt_until" ] || time_member expiresAt "$opt_until"
    [ -n "$members" ] || usage_error "Say what the token is to be narrowed to: --method, --project, --read-only, --until or --rate."
    demand auth.attenuate "{$members}"
    show .token
}
