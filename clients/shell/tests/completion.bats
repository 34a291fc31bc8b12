#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# Completion in bash.

load helper

setup_file() {
    daemon_start
    signed_up ada@example.com
    sample_project shop
    sample_project 'my shop'
}

teardown_file() {
    daemon_stop
}

# complete WORD...: what the last word may be, one candidate a line.
complete_words() {
    bash -c 'source "$0" && COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) && _dbassist && printf "%s\n" "${COMPREPLY[@]}"' \
        "$client_root/completions/dbassist.bash" "$@" 2>/dev/null
}

@test "commands" {
    run complete_words dbassist ''
    shows query
    run complete_words dbassist da
    [ "$output" = dashboard ]
    run complete_words dbassist project ''
    shows update
}

@test "options of the command, and words they take" {
    run complete_words dbassist query shop --m
    [ "$output" = --max-rows ]
    run complete_words dbassist history --li
    [ "$output" = --limit ]
    run complete_words dbassist query shop --format js
    [ "$output" = 'json
jsonl' ]
}

@test "every option that is completed is one the command takes" {
    # shellcheck disable=SC2086  # two words are two arguments
    for command in signup login logout whoami passwd sessions 'token narrow' projects 'project add' 'project update' 'project rm' query explain \
        export summarize tables describe search relations refresh watch history forget stats dashboard chat ask approve decline models threads 'thread show' 'thread title' 'thread rm' examples 'example add' 'example rm' assistant health wait methods call coprocess; do
        for option in $(complete_words dbassist $command --); do
            # Without its value or arguments the command fails, but never because of the option.
            run dbassist $command "$option" </dev/null --socket /nonexistent
            [[ $output != *'does not take'* && $output != *'no option'* ]] || { echo "$command $option: $output"; return 1; }
        done
    done
}

@test "projects by name, quoted" {
    run complete_words dbassist query s
    [ "$output" = shop ]
    run complete_words dbassist project show m
    [ "$output" = 'my\ shop' ]
    run complete_words dbassist history --project sh
    [ "$output" = shop ]
}

@test "tables of a project" {
    run complete_words dbassist describe shop autho
    [ "$output" = authors ]
    run complete_words dbassist relations shop books or
    shows orders
}

@test "what belongs to the assistant" {
    run complete_words dbassist chat sh
    [ "$output" = shop ]
    run complete_words dbassist ask shop --mode s
    [ "$output" = sql ]
    run complete_words dbassist assistant shop --share r
    [ "$output" = rows ]
    dbassist ask shop 'What tables are there?' >/dev/null
    id=$(dbassist threads --json | jq -r '.items[0].id')
    run complete_words dbassist chat shop --thread ''
    [ "$output" = "$id" ]
    run complete_words dbassist thread show ''
    [ "$output" = "$id" ]
    run complete_words dbassist thread r
    [ "$output" = rm ]
}

@test "methods, from the list or from the daemon" {
    run complete_words dbassist call query.fe
    [ "$output" = query.fetch ]
    run complete_words dbassist help query.fe
    [ "$output" = query.fetch ]
}

@test "no daemon is no candidates, and silence" {
    XDG_RUNTIME_DIR=/nonexistent run complete_words dbassist query ''
    [ "$output" = '' ]
}
