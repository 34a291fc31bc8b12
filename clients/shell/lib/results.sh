# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# export and summarize: run a statement, and have the daemon convert or summarise the result that it keeps.
#
# As for query, one jq reads the replies and says what is to be asked next; the texts never pass through the shell.

output_temporary=

# result_run REQUEST PROJECT [SQL]: run the statement, then REQUEST on its result, part by part, to descriptor 6.
result_run() {
    request=$1
    project_reference=$2
    shift 2
    connection_open
    query_sql "$@"
    project_resolve "$project_reference"
    # shellcheck disable=SC2016  # jq's variables
    query_start ',"keep":true' -j 'include "results"; result($request; $format)' --argjson request "$request" \
        --arg format "$opt_format"
    exec 6>&-
    query_pages
    [ "$status" -eq 0 ] || fail 10 "The output could not be written."
}

# export_open: make descriptor 6 the output: standard output, or a file that gets its name when it is whole.
export_open() {
    case $opt_output in
    '' | -)
        exec 6>&1
        return
        ;;
    esac
    [ ! -d "$opt_output" ] || usage_error "--output $opt_output is a directory."
    if [ -L "$opt_output" ] || { [ -e "$opt_output" ] && [ ! -f "$opt_output" ]; }; then
        # A link, a pipe, a terminal: written in place.
        { exec 6>"$opt_output"; } 2>/dev/null || fail 1 "The file $opt_output cannot be written."
        return
    fi
    output_temporary=$(mktemp "$opt_output.XXXXXXXX" 2>/dev/null) || fail 1 "No file can be made beside $opt_output."
    exec 6>"$output_temporary"
}

command_export() {
    allow --param -p --write --format --output --table --max-rows --timeout --label
    arguments 1 2 $#
    case ${opt_format:=csv} in
    csv | json | jsonl | markdown) [ -z "$opt_table" ] || usage_error "--table is for --format sql." ;;
    sql) [ -n "$opt_table" ] || usage_error "--format sql needs --table, the table to insert into." ;;
    *) usage_error "--format is csv, json, jsonl, markdown or sql, not '$opt_format'." ;;
    esac
    options='"lineEnd":"lf"'
    if [ -n "$opt_table" ]; then
        table=$(quoted "$opt_table") || exit 1
        options="$options,\"table\":$table"
    fi
    export_open
    result_run "{\"method\":\"query.export\",\"params\":{\"format\":\"$opt_format\",\"options\":{$options}}}" "$@"
    [ -n "$output_temporary" ] || return 0
    mv -f "$output_temporary" "$opt_output" || fail 10 "The file $opt_output cannot be written."
    output_temporary=
}

command_summarize() {
    allow --param -p --max-rows --timeout --label
    arguments 1 2 $#
    opt_format=table
    [ -z "$opt_json" ] || opt_format=json
    exec 6>&1
    result_run '{"method":"query.summarize","params":{"topValues":3}}' "$@"
}
