#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# History, its export, and figures.

load helper

setup_file() {
    daemon_start
    signed_up ada@example.com
    sample_project shop
    # More than a page, over one connection: a client for each would take half a minute.
    project=$(dbassist project show shop --json | jq -r .id)
    coproc CLIENT { dbassist coprocess; }
    for number in $(seq 205); do
        printf '{"jsonrpc":"2.0","id":1,"method":"query.run","params":{"projectId":"%s","sql":"SELECT %d AS n"}}\n' \
            "$project" "$number" >&"${CLIENT[1]}"
        read -r reply <&"${CLIENT[0]}"
        [[ $reply == *'"result"'* ]]
    done
    exec {CLIENT[1]}>&-
    dbassist query -q shop --label 'odd "one", with
a line' "SELECT 'a,b' AS \"x\"" >/dev/null
    dbassist query -q shop 'SELECT * FROM no_such_table' 2>/dev/null || true
}

teardown_file() {
    daemon_stop
}

@test "history lists twenty, as many as --limit says, or all" {
    [ "$(dbassist history | wc -l)" -eq 21 ]
    [ "$(dbassist history --limit 3 | wc -l)" -eq 4 ]
    [ "$(dbassist history --all | wc -l)" -eq 208 ]
    [ "$(dbassist history --all --json | jq '.items | length')" -eq 207 ]
}

@test "every query is exported once, newest first, as JSON lines" {
    dbassist history --all --format jsonl >"$BATS_TEST_TMPDIR/all"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/all")" -eq 207 ]
    [ "$(jq -r .id "$BATS_TEST_TMPDIR/all" | sort -u | wc -l)" -eq 207 ]
    [ "$(jq -r .status "$BATS_TEST_TMPDIR/all" | head -n 1)" = error ]
    [ "$(dbassist history --format jsonl --limit 201 | cmp - "$BATS_TEST_TMPDIR/all" 2>&1 | grep -c EOF)" -eq 1 ]
}

@test "CSV has a header and quotes what must be" {
    run dbassist history --format csv --label x
    code 1
    run dbassist history --format csv --text 'odd "one"'
    code 0
    [[ ${lines[0]} == '"id","createdAt","projectName","status",'* ]]
    shows '"odd ""one"", with'
    shows "\"SELECT 'a,b' AS \"\"x\"\"\""
    [ "$(dbassist history --all --format csv | grep -c '"SELECT [0-9]* AS n"')" -eq 205 ]
}

@test "filters of history" {
    [ "$(dbassist history --error 'NO SUCH table' --format jsonl | jq -r .sql)" = 'SELECT * FROM no_such_table' ]
    [ -z "$(dbassist history --until 2020-01-01)" ]
    [ "$(dbassist history --since 2020-01-01 --mode read --source script --status success --project shop --all | wc -l)" -eq 207 ]
    [ -z "$(dbassist history --mode write)" ]
    shape=$(dbassist history --text 'SELECT 205 AS' --format jsonl | jq -r .shape)
    [ "$(dbassist history --shape "$shape" --all --format jsonl | wc -l)" -eq 205 ]
    for words in '--mode both' '--source me' '--format xml' '--all --limit 3' '--json --format csv'; do
        # shellcheck disable=SC2086
        run dbassist history $words
        code 1
    done
    run dbassist history --since yesterday
    code 4
}

@test "stats show totals and statements" {
    run dbassist stats
    code 0
    shows '207 queries: 206 succeeded, 1 failed, 0 cancelled; 206 rows'
    shows 'error rate 0.5 %'
    shows 'SELECT ? AS n'
    shows 'MOST FAILING'
    [ "$(dbassist stats shop --limit 1 --json | jq -r '.mostFrequent[0].figures.count')" -eq 205 ]
    run dbassist stats --until 2020-01-31 --since 2020-01-01
    code 0
    [ "${lines[0]}" = '2020-01-01 to 2020-01-30 UTC' ]
    shows '0 queries'
    run dbassist stats nobody
    code 4
}

@test "forget deletes queries by id, by project and by time, and says how many" {
    run dbassist forget
    code 1
    id=$(dbassist history --limit 1 --format jsonl | jq -r .id)
    run dbassist forget "$id" --project shop
    code 1
    run --separate-stderr dbassist forget "$id" 019ab0c4-0000-7000-8000-00000000dead
    code 0
    [ "$output" = '1 query forgotten.' ]
    run --separate-stderr dbassist forget "$id"
    [ "$output" = '0 queries forgotten.' ]
    [ -z "$(dbassist history --all --format jsonl | grep -F "$id")" ]
    run dbassist forget nonsense
    code 4
    run dbassist forget --before yesterday
    code 4
    run dbassist forget --project nobody
    code 4
    [ "$(dbassist forget --before 2020-01-01 --json | jq .forgotten)" -eq 0 ]
    [ "$(dbassist forget --project shop --before 2100-01-01 --yes --json | jq .forgotten)" -eq 206 ]
    run --separate-stderr dbassist forget --project shop
    [ "$output" = '0 queries forgotten.' ]
    [ "$(dbassist history --all | wc -l)" -le 1 ]
}
