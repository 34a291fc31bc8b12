#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# Exports and summaries.

load helper

setup_file() {
    daemon_start
    signed_up ada@example.com
    sample_project shop
    sample_project own --write
}

teardown_file() {
    daemon_stop
}

series='WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60000) SELECT i FROM n'

# nothing_left DIRECTORY: no file that was to become another.
nothing_left() {
    refute grep . < <(find "$1" -maxdepth 1 -name '*.????????')
}

@test "csv is the default, and tells null from an empty text" {
    run dbassist export -q shop "SELECT 'a \"b\", c' AS \"x,y\", NULL AS n, '' AS e, 1.5 AS f"
    code 0
    [ "${lines[0]}" = '"x,y",n,e,f' ]
    [ "${lines[1]}" = '"a ""b"", c",,"",1.5' ]
}

@test "each format has every row of a large result, once" {
    dbassist export -q shop --format csv "$series" | tail -n +2 | cmp - <(seq 60000)
    dbassist export -q shop --format json "$series" | jq '.[].i' | cmp - <(seq 60000)
    dbassist export -q shop --format jsonl "$series" | jq .i | cmp - <(seq 60000)
    dbassist export -q shop --format markdown "$series" | tail -n +3 | tr -d '| ' | cmp - <(seq 60000)
}

@test "SQL goes into another database" {
    dbassist export -q shop --format sql --table copied 'SELECT * FROM books ORDER BY id' >"$BATS_TEST_TMPDIR/books.sql"
    sqlite3 "$BATS_FILE_TMPDIR/shop.sqlite" .dump | sed -n '/CREATE TABLE books/,/;/p' | sed 's/books/copied/' >"$BATS_TEST_TMPDIR/table.sql"
    sqlite3 "$BATS_TEST_TMPDIR/copy.sqlite" <"$BATS_TEST_TMPDIR/table.sql"
    sqlite3 "$BATS_TEST_TMPDIR/copy.sqlite" <"$BATS_TEST_TMPDIR/books.sql"
    cmp <(sqlite3 "$BATS_FILE_TMPDIR/shop.sqlite" 'SELECT * FROM books ORDER BY id') \
        <(sqlite3 "$BATS_TEST_TMPDIR/copy.sqlite" 'SELECT * FROM copied ORDER BY id')
    run dbassist export shop --format sql 'SELECT 1'
    code 1
    shows '--table'
}

@test "a file is private, whole, and replaced only at the end" {
    cd "$BATS_TEST_TMPDIR"
    dbassist export -q shop --output "it's out.csv" 'SELECT 1 AS a'
    [ "$(cat "it's out.csv")" = 'a
1' ]
    [ "$(stat -c %a "it's out.csv")" = 600 ]
    echo old >kept.csv
    run dbassist export shop --output kept.csv 'SELEC 1'
    code 6
    [ "$(cat kept.csv)" = old ]
    dbassist export -q shop --output kept.csv 'SELECT 2 AS a'
    [ "$(cat kept.csv)" = 'a
2' ]
    nothing_left .
    run dbassist export shop --output "$BATS_TEST_TMPDIR" 'SELECT 1'
    code 1
    run dbassist export shop --output "$BATS_TEST_TMPDIR/no/where" 'SELECT 1'
    code 1
    ln -s target link
    dbassist export -q shop --output link 'SELECT 3 AS a'
    [ -L link ] && [ "$(tail -n 1 target)" = 3 ]
}

@test "counts and limits are said on standard error" {
    run --separate-stderr dbassist export shop --max-rows 2 'SELECT id FROM books ORDER BY id'
    code 0
    [ "$output" = 'id
1
2' ]
    # shellcheck disable=SC2154
    [[ $stderr == *'2 rows'* && $stderr == *'more rows'* ]]
    run dbassist export own --write 'CREATE TABLE t (a)'
    code 0
    run dbassist export shop --write 'CREATE TABLE t (a)'
    code 7
    run dbassist export shop 'SELECT ? AS a' -p "it's"
    shows "it's"
    run dbassist export nosuch 'SELECT 1'
    code 4
    run dbassist export shop --format xml 'SELECT 1'
    code 1
}

@test "a summary is a line a column" {
    run dbassist summarize -q shop "SELECT 1 AS n, 'x' AS t UNION ALL SELECT 3, NULL UNION ALL SELECT 5, 'x'"
    code 0
    [[ ${lines[0]} == COLUMN*TYPE*COUNT*NULLS*DISTINCT*MIN*MAX*MEAN*'MOST FREQUENT' ]]
    [[ ${lines[1]} =~ ^n\ +3\ +0\ +3\ +1\ +5\ +3\ +1\ \(1\),\ 3\ \(1\),\ 5\ \(1\)$ ]]
    [[ ${lines[2]} =~ ^t\ +2\ +1\ +1\ +x\ +x\ +x\ \(2\)$ ]]
    [ "$(dbassist summarize -q shop --json "$series" | jq -c '[.rowCount, .columns[0].sum]')" = '[60000,"1800030000"]' ]
    run dbassist summarize shop 'SELEC 1'
    code 6
}

@test "control characters never reach the terminal from a summary" {
    run dbassist summarize -q shop "SELECT char(27) || '[31m' AS x"
    code 0
    shows '[31m'
    [[ $output != *$'\e'* ]]
}

@test "an interrupt ends an export, and leaves nothing" {
    slow='WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'
    env --default-signal=INT dbassist export shop --output "$BATS_TEST_TMPDIR/out.csv" "$slow" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
    pid=$!
    tries=100
    until [ "$(dbassist health --json | jq .queries.running)" -eq 1 ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { cat "$BATS_TEST_TMPDIR/said" && return 1; }
    done
    kill -INT "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 130 ]
    [ ! -e "$BATS_TEST_TMPDIR/out.csv" ]
    nothing_left "$BATS_TEST_TMPDIR"
}

@test "a reader that leaves early ends the export without a word" {
    run bash -c "dbassist export shop '$series' | head -n 2"
    [ "$output" = 'i
1' ]
}
