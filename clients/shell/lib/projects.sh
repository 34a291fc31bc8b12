# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# projects and project add|show|test|rm|update.

command_projects() {
    allow --text --type
    arguments 0 0 $#
    members=
    if [ -n "$opt_type" ]; then
        project_type
        members="\"databaseType\":\"$opt_type\""
    fi
    if [ -n "$opt_text" ]; then
        text=$(quoted "$opt_text") || exit 1
        members="${members:+$members,}\"text\":$text"
    fi
    list_all project.list "$members" 0
    if [ -z "$members$opt_json" ] && [ -z "$(printf '%s\n' "$payload" | jq -r '.items[0].id // empty')" ]; then
        note "You have no projects yet; add one with dbassist project add."
        return 0
    fi
    show '.items | map([.name, .databaseType, (if .readOnly then "read" else "write" end), .connection,
        (.lastUsedAt | short_time)]) | list(["NAME", "TYPE", "ACCESS", "CONNECTION", "LAST USED"])'
}

project_type() {
    case $opt_type in
    postgresql | mysql | sqlite) ;;
    postgres) opt_type=postgresql ;;
    mariadb) opt_type=mysql ;;
    *) usage_error "--type is postgresql, mysql or sqlite, not '$opt_type'." ;;
    esac
}

# project_resolve NAME-OR-ID: set `project` to the project's id.
project_resolve() {
    case $1 in
    ????????-????-????-????-????????????)
        case $1 in
        *[!0-9A-Fa-f-]*) ;;
        *)
            project=$1
            return 0
            ;;
        esac
        ;;
    '') usage_error "The project has no name." ;;
    esac
    list_all project.list '' 0
    # The name goes by a file: as an argument jq could not take it if it began with a dash or were not UTF-8.
    printf '%s' "$1" >"$work_dir/name"
    project=$(printf '%s\n' "$payload" | jq -rM --rawfile name "$work_dir/name" -L "$lib" 'include "projects"; resolve($name)')
    case $project in
    'id '*) project=${project#id } ;;
    *) fail 4 "$project" ;;
    esac
}

project_show='"name         \(.name | visible)", "id           \(.id)", "type         \(.databaseType)",
    "connection   \(.connection | visible)", "access       \(if .readOnly then "read only" else "read and write" end)",
    (if .description then "description  \(.description | visible)" else empty end),
    "created      \(.createdAt | short_time)", "last used    \(.lastUsedAt | short_time)"'

# connection_read STRING TYPE: set `connection` to the JSON of a connection string; `-` reads it where nobody sees it. A relative
# path of SQLite means a file here, and the daemon is elsewhere. Sets opt_type if it is empty and the string tells.
connection_read() {
    secret=$1
    [ "$1" != - ] || secret_read "Connection string: " "connection string"
    if [ -z "$opt_type" ] && [ -z "$2" ]; then
        case $secret in
        postgres://* | postgresql://* | host=* | *' host='* | dbname=* | *' dbname='*) opt_type=postgresql ;;
        mysql://* | mariadb://*) opt_type=mysql ;;
        sqlite:* | sqlite3:* | /* | ./* | ../* | [~]/* | *.db | *.sqlite | *.sqlite3) opt_type=sqlite ;;
        *) usage_error "The connection string does not tell the kind of database; add --type postgresql, mysql or sqlite." ;;
        esac
    fi
    if [ "${2:-$opt_type}" = sqlite ]; then
        case $secret in
        sqlite:* | sqlite3:* | file:* | /* | [~]/* | :memory: | *://*) ;;
        *) secret=$(pwd -P)/${secret#./} ;;
        esac
    fi
    connection=$(secret_json) || exit 1
}

command_project() {
    action=${1:-}
    [ $# -eq 0 ] || shift
    case $action in
    add) project_add "$@" ;;
    show | test | rm | update) "project_$action" "$@" ;;
    '') usage_error "Say what to do: add, show, test, rm or update." ;;
    *) usage_error "There is no command project $action." ;;
    esac
}

project_add() {
    allow --type --description --write --read-only
    arguments 2 2 $#
    [ -z "$opt_type" ] || project_type
    connection_read "$2" ''
    name=$(quoted "$1") || exit 1
    params="\"name\":$name,\"databaseType\":\"$opt_type\",\"connectionString\":$connection"
    if [ -n "$opt_description" ]; then
        description=$(quoted "$opt_description") || exit 1
        params="$params,\"description\":$description"
    fi
    [ -z "$opt_write" ] || params="$params,\"readOnly\":false"
    demand project.create "{$params}"
    show "$project_show"
}

project_show() {
    allow
    arguments 1 1 $#
    project_resolve "$1"
    demand project.get "{\"projectId\":\"$project\"}"
    if [ -n "$opt_json" ]; then
        show .
        return
    fi
    show "$project_show"
    # The daemon answers the rest even if the database is out of reach.
    demand project.summary "{\"projectId\":\"$project\"}"
    show '"queries      \(.queries.total), \(.queries.error) failed", (.database
        | if .unavailable then "database     unreachable: \(.unavailable.message | visible)"
          else "database     \(.serverVersion // "" | visible)\(if .tableCount then ", \(.tableCount) tables" else "" end)" end)'
}

project_test() {
    allow
    arguments 1 1 $#
    project_resolve "$1"
    demand project.test "{\"projectId\":\"$project\"}"
    show '.steps[] | select(.status != "skipped")
        | "\(.status)  \(.step)\(if .message then ": \(.message | visible)" else "" end)",
        (if .hint then "        hint: \(.hint | visible)" else empty end)'
    code=$(printf '%s\n' "$payload" | jq -rM -L "$lib" 'include "projects"; test_code')
    exit "$code"
}

project_rm() {
    allow --yes
    arguments 1 1 $#
    project_resolve "$1"
    if [ -z "$opt_yes" ] && [ -t 0 ]; then
        ask "Delete the project $1 and its history for good? The database is not touched. [y/N] " "Say --yes to delete it without a question."
        case $answer in
        y | Y | yes) ;;
        *) fail 9 "Nothing was deleted." ;;
        esac
    fi
    demand project.delete "{\"projectId\":\"$project\"}"
    note "Deleted."
}

project_update() {
    allow --name --description --connection --write --read-only
    arguments 1 1 $#
    [ -z "$opt_write" ] || [ -z "$opt_read_only" ] || usage_error "--write and --read-only exclude each other."
    project_resolve "$1"
    params="\"projectId\":\"$project\""
    case "$given " in
    *' --name '*)
        name=$(quoted "$opt_name") || exit 1
        params="$params,\"name\":$name"
        ;;
    esac
    case "$given " in
    *' --description '*)
        description=$(quoted "$opt_description") || exit 1
        params="$params,\"description\":$description"
        ;;
    esac
    if [ -n "$opt_connection" ]; then
        demand project.get "{\"projectId\":\"$project\"}"
        connection_read "$opt_connection" "$(printf '%s\n' "$payload" | jq -rM .databaseType)"
        params="$params,\"connectionString\":$connection"
    fi
    [ -z "$opt_write" ] || params="$params,\"readOnly\":false"
    [ -z "$opt_read_only" ] || params="$params,\"readOnly\":true"
    demand project.update "{$params}"
    show "$project_show"
}
