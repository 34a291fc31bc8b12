#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# Projects: adding, finding by name, changing, trying.

load helper

setup_file() {
    daemon_start
    signed_up ada@example.com
    sample_project shop --description 'The shop'
}

teardown_file() {
    daemon_stop
}

@test "a project is listed with its type and access" {
    run dbassist projects
    code 0
    shows 'NAME'
    [[ $output =~ shop\ +sqlite\ +read ]]
}

@test "the kind of database comes from the connection string" {
    run dbassist project add pg 'postgresql://ada@127.0.0.1:1/shop'
    code 0
    shows 'postgresql'
    run dbassist project add maria 'mariadb://ada@127.0.0.1:1/shop'
    code 0
    shows 'mysql'
    run dbassist project add riddle 'something else'
    code 1
    shows '--type'
}

@test "a relative path of an SQLite file is one here" {
    cd "$BATS_FILE_TMPDIR"
    run dbassist project add relative ./shop.sqlite
    code 0
    shows "$BATS_FILE_TMPDIR/shop.sqlite"
    [ "$(dbassist query relative 'SELECT count(*) AS n FROM authors' --format jsonl)" = '{"n":40}' ]
}

@test "a connection string with a password is read from standard input and never shown or passed on" {
    run recorded dbassist project add secret - <<<'postgresql://ada:hunter22@127.0.0.1:1/shop'
    code 0
    [[ $output != *hunter22* ]]
    recording=$BATS_TEST_TMPDIR/recording
    grep -q '/jq ' "$recording"
    refute grep -q hunter22 "$recording"
    run dbassist project show secret
    [[ $output != *hunter22* ]]
}

@test "a name twice is exit code 4" {
    run dbassist project add shop "$BATS_FILE_TMPDIR/shop.sqlite"
    code 4
}

@test "a connection string that is none is exit code 4" {
    run dbassist project add broken --type postgresql 'mysql://ada@db.example.com/shop'
    code 4
}

@test "a project is shown by name, in any case, and by id" {
    id=$(dbassist project show shop --json | jq -r .id)
    run dbassist project show SHOP
    code 0
    shows "$id"
    shows 'The shop'
    shows 'SQLite'
    run dbassist project show "$id"
    code 0
    shows 'shop'
}

@test "an unknown name is exit code 4 and names the nearest" {
    run dbassist project show shopp
    code 4
    shows "Did you mean 'shop'"
    run dbassist project show 00000000-0000-7000-8000-000000000000
    code 4
}

@test "a name that could be two is not guessed" {
    dbassist project add Twins "$BATS_FILE_TMPDIR/shop.sqlite"
    dbassist project add TWINS "$BATS_FILE_TMPDIR/shop.sqlite"
    run dbassist project show twins
    code 4
    shows "'Twins'"
    shows "'TWINS'"
    run dbassist project show Twins
    code 0
}

@test "a name may have spaces, quotes and a leading dash" {
    dbassist project add -- "-it's \"odd\" \\" "$BATS_FILE_TMPDIR/shop.sqlite"
    run dbassist query -q -- "-it's \"odd\" \\" 'SELECT 1 AS one'
    code 0
    dbassist project rm -- "-it's \"odd\" \\" </dev/null
}

@test "a project beyond the first page of the list is found" {
    first=$(dbassist project show shop --json | jq -r .id)
    for n in $(seq 1 205); do
        printf '{"jsonrpc":"2.0","id":%d,"method":"project.create","params":{"name":"many %d","databaseType":"sqlite","connectionString":"%s"}}\n' \
            "$n" "$n" "$BATS_FILE_TMPDIR/shop.sqlite"
    done >"$BATS_TEST_TMPDIR/requests"
    (cat "$BATS_TEST_TMPDIR/requests"; sleep 3) | dbassist coprocess >"$BATS_TEST_TMPDIR/replies"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/replies")" -eq 205 ]
    [ "$(dbassist project show shop --json | jq -r .id)" = "$first" ]
    [ "$(dbassist projects --json | jq '.items | length')" -gt 205 ]
}

@test "update changes what is named and nothing else" {
    sample_project changing --description before
    run dbassist project update changing --description after --write
    code 0
    shows 'after'
    shows 'read and write'
    run dbassist project update changing --name changed --read-only
    code 0
    shows 'read only'
    shows 'after'
    run dbassist project update changed --description ''
    code 0
    [[ $output != *after* ]]
    run dbassist project update changed
    code 4
    run dbassist project update changed --write --read-only
    code 1
}

@test "rm deletes the project and leaves the database" {
    sample_project leaving
    dbassist project rm -q leaving </dev/null
    run dbassist project show leaving
    code 4
    [ -s "$BATS_FILE_TMPDIR/leaving.sqlite" ]
}

@test "test passes for a database that is there" {
    run dbassist project test shop
    code 0
    shows 'passed  readOnlyCheck'
}

@test "test says which step failed, and its exit code is that failure's" {
    dbassist project add away 'postgresql://ada@127.0.0.1:1/shop' >/dev/null
    run dbassist project test away
    code 5
    shows 'failed  connect'
}

@test "a query of a database that cannot be reached is exit code 5" {
    dbassist project add gone 'postgresql://ada@127.0.0.1:1/shop' >/dev/null
    run dbassist query gone 'SELECT 1'
    code 5
}
