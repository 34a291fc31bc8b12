# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# tables, describe, search, relations, refresh: what a database has; explain: how it would run a statement.

# schema_show FILTER: the payload as JSON, or through a filter of schema.jq.
schema_show() {
    if [ -n "$opt_json" ]; then
        printf '%s\n' "$payload" | jq .
    else
        printf '%s\n' "$payload" | jq -rM -L "$lib" "include \"schema\"; $1"
    fi
}

# relation_member NAME TEXT: a member of the params, with a comma before it.
relation_member() {
    value=$(quoted "$2") || exit 1
    printf ',"%s":%s' "$1" "$value"
}

command_tables() {
    allow --limit
    arguments 1 2 $#
    project_resolve "$1"
    members="\"projectId\":\"$project\""
    [ $# -eq 1 ] || members="$members$(relation_member pattern "$2")" || exit 1
    list_all schema.list "$members" "${opt_limit:-0}"
    schema_show tables
}

command_describe() {
    allow
    arguments 2 2 $#
    project_resolve "$1"
    members=$(relation_member relation "$2") || exit 1
    demand schema.describe "{\"projectId\":\"$project\"$members}"
    schema_show describe
}

command_search() {
    allow --limit
    arguments 2 100 $#
    project_resolve "$1"
    shift
    members=$(relation_member query "$*") || exit 1
    demand schema.search "{\"projectId\":\"$project\"$members${opt_limit:+,\"limit\":$opt_limit}}"
    schema_show hits
    case $payload in
    '{"items":[]'*) note "Nothing is called like that." ;;
    esac
}

command_relations() {
    allow
    arguments 1 3 $#
    project_resolve "$1"
    members="\"projectId\":\"$project\""
    [ $# -lt 2 ] || members="$members$(relation_member relation "$2")" || exit 1
    if [ $# -lt 3 ]; then
        list_all schema.relations "$members" 0
        schema_show relations
        return
    fi
    members="$members$(relation_member to "$3")" || exit 1
    demand schema.relations "{$members}"
    if [ -n "$opt_json" ] || [ "$(printf '%s\n' "$payload" | jq 'has("path")')" = true ]; then
        schema_show path
    else
        fail 4 "No foreign keys lead from $2 to $3."
    fi
}

command_refresh() {
    allow
    arguments 1 1 $#
    project_resolve "$1"
    demand schema.refresh "{\"projectId\":\"$project\"}"
    schema_show refreshed
}

command_explain() {
    allow --analyze --param -p --timeout
    arguments 1 2 $#
    connection_open
    project_reference=$1
    shift
    query_sql "$@"
    project_resolve "$project_reference"
    members=$(query_members)
    [ -z "$opt_analyze" ] || members="$members,\"analyze\":true"
    if call query.explain "{\"projectId\":\"$project\"$members,\"sql\":$(tr -d '\n' <"$work_dir/sql.json")}"; then
        schema_show plan
    else
        error_exit "$work_dir/sql"
    fi
}
