#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# Queries: formats, pages, parameters, errors, interruption, both ways to a socket.

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

slow='WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'

# lines: the output of a query without what goes to standard error.
rows() {
    dbassist query -q "$@"
}

@test "a table is aligned, with numbers to the right and NULL for null" {
    run rows shop "SELECT 1 AS id, 'Emma' AS title UNION ALL SELECT 20, NULL"
    code 0
    [ "${lines[0]}" = ' id | title' ]
    [ "${lines[1]}" = '----+-------' ]
    [ "${lines[2]}" = '  1 | Emma' ]
    [ "${lines[3]}" = ' 20 | NULL' ]
}

@test "a table is aligned by what a terminal shows" {
    run rows shop "SELECT '源氏物語' AS a, 1 AS b UNION ALL SELECT 'Brontë', 2"
    [ "${lines[2]}" = ' 源氏物語 | 1' ]
    [ "${lines[3]}" = ' Brontë   | 2' ]
}

@test "control characters never reach the terminal from a table" {
    run rows shop "SELECT char(27) || '[31m' || char(10, 9, 155) || char(8238) AS x"
    [ "${lines[2]}" = ' \x1b[31m\n\t\x9b\u202e' ]
}

@test "a long cell is cut in a table, and not with --wide" {
    run rows shop "SELECT hex(zeroblob(50)) AS x"
    [[ ${lines[2]} == *0… ]]
    [ "$(printf %s "${lines[2]}" | wc -m)" -eq 41 ]
    run rows shop --wide "SELECT hex(zeroblob(50)) AS x"
    [ "$(printf %s "${lines[2]}" | wc -m)" -eq 101 ]
}

@test "a table at a terminal fits its width" {
    run terminal env COLUMNS=60 dbassist query -q shop "SELECT hex(zeroblob(50)) AS x, 1 AS y" </dev/null
    code 0
    [ "$(printf %s "${lines[2]}" | wc -m)" -le 60 ]
    [[ ${lines[2]} == *…* ]]
}

@test "CSV quotes what must be and tells null from an empty text" {
    run rows shop --format csv "SELECT 'a \"b\", c' AS \"x,y\", NULL AS n, '' AS e, 1.5 AS f"
    [ "${lines[0]}" = '"x,y","n","e","f"' ]
    [ "${lines[1]}" = '"a ""b"", c",,"",1.5' ]
}

@test "CSV of no rows is its header" {
    run rows shop --format csv 'SELECT 1 AS a WHERE 0'
    [ "$output" = '"a"' ]
}

@test "jsonl is an object a line, and no column hides another" {
    run rows shop --format jsonl "SELECT 1 AS a, 'x' AS a, NULL AS a_2"
    [ "$output" = '{"a":1,"a_2":"x","a_2_2":null}' ]
}

@test "json is one array, empty for no rows" {
    [ "$(rows shop --format json 'SELECT 1 AS a UNION ALL SELECT 2' | jq -c .)" = '[{"a":1},{"a":2}]' ]
    [ "$(rows shop --format json 'SELECT 1 AS a WHERE 0' | jq -c .)" = '[]' ]
}

@test "an integer beyond 2^53 and a blob come whole" {
    run rows shop --format csv "SELECT 9007199254740993 AS i, x'00ff' AS b"
    [ "${lines[1]}" = '"9007199254740993","AP8="' ]
}

@test "every row of a large result arrives, once and in order, in each format" {
    sql='WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 12345) SELECT i FROM n'
    rows shop --format csv "$sql" | tail -n +2 | cmp - <(seq 12345)
    rows shop --format jsonl "$sql" | jq .i | cmp - <(seq 12345)
    rows shop --format json "$sql" | jq '.[].i' | cmp - <(seq 12345)
    rows shop "$sql" | tail -n +3 | tr -d ' ' | cmp - <(seq 12345)
}

@test "a cell of half a megabyte passes, both ways" {
    head -c 500000 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/long"
    { printf "SELECT '"; cat "$BATS_TEST_TMPDIR/long"; printf "' AS x"; } >"$BATS_TEST_TMPDIR/sql"
    rows shop --format jsonl - <"$BATS_TEST_TMPDIR/sql" | jq -rj .x | cmp - "$BATS_TEST_TMPDIR/long"
}

@test "the same over nc" {
    # A PATH of everything but socat.
    mkdir "$BATS_TEST_TMPDIR/bin"
    for program in /usr/bin/* /bin/*; do
        [[ ${program##*/} == socat* ]] || ln -sf "$program" "$BATS_TEST_TMPDIR/bin/${program##*/}"
    done
    PATH=$client_root:$BATS_TEST_TMPDIR/bin
    refute command -v socat
    rows shop --format csv 'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i FROM n' |
        tail -n +2 | cmp - <(seq 3000)
}

@test "parameters are bound: text as it is, JSON after :=" {
    run rows shop --format jsonl 'SELECT ? AS a, ? AS b, ? AS c, typeof(?) AS d' -p "it's :x" -p :=5 -p :=null -p '5'
    [ "$output" = '{"a":"it'"'"'s :x","b":5,"c":null,"d":"text"}' ]
    # shellcheck disable=SC2016
    run rows shop --format csv 'SELECT hex(?) AS h' -p ':={"$base64": "3q2+7w=="}'
    [ "${lines[1]}" = '"DEADBEEF"' ]
    run rows shop 'SELECT ?' -p ':=no json'
    code 1
    run rows shop 'SELECT ?, ?' -p one
    code 4
}

@test "the statement comes from standard input, with a dash or without" {
    run rows shop --format jsonl <<<'SELECT 1 AS a -- the end'
    [ "$output" = '{"a":1}' ]
    run rows shop - --format jsonl <<<'SELECT 2 AS a'
    [ "$output" = '{"a":2}' ]
    run rows shop </dev/null
    code 1
}

@test "a statement that begins with a comment is no option" {
    run rows shop --format jsonl '-- a comment
SELECT 1 AS a'
    [ "$output" = '{"a":1}' ]
}

@test "a refused statement is exit code 6, with a caret under the place" {
    run dbassist query shop "SELECT 1,
  é, x FRM books"
    code 6
    shows '    é, x FRM books
             ^'
    run dbassist query shop 'SELEC 1'
    code 6
    shows '  SELEC 1'
    shows '  ^'
}

@test "a write is exit code 7 where it is not allowed, and works where it is" {
    run dbassist query shop --write 'CREATE TABLE scratch (id INTEGER)'
    code 7
    shows 'dbassist project update PROJECT --write'
    run dbassist query own 'CREATE TABLE scratch (id INTEGER)'
    code 7
    run dbassist query own --write 'CREATE TABLE scratch (id INTEGER)'
    code 0
    run dbassist query own --write 'INSERT INTO scratch VALUES (1), (2)'
    code 0
    shows '2 rows changed'
    [ "$(rows own --format jsonl 'SELECT count(*) AS n FROM scratch')" = '{"n":2}' ]
}

@test "--max-rows stops, and says so" {
    run dbassist query shop --max-rows 2 --format csv 'SELECT id FROM books ORDER BY id'
    code 0
    shows '"id"
1
2'
    shows '2 rows'
    shows 'more rows'
    run dbassist query shop --max-rows 40 'SELECT id FROM authors'
    [[ $output != *'more rows'* ]]
    run dbassist query shop --max-rows 0 'SELECT 1'
    code 1
}

@test "--timeout stops the statement: exit code 9" {
    run dbassist query shop --timeout 0.2 "$slow"
    code 9
    run dbassist query shop --timeout soon 'SELECT 1'
    code 1
}

@test "an interrupt stops the statement at the daemon and is exit code 130" {
    env --default-signal=INT dbassist query shop --label interrupted "$slow" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
    pid=$!
    tries=100
    # A read need not be in history before it ends, but the daemon knows what runs.
    until [ "$(dbassist health --json | jq .queries.running)" -eq 1 ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { cat "$BATS_TEST_TMPDIR/out" && return 1; }
    done
    kill -INT "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 130 ]
    run dbassist history --status cancelled
    shows 'interrupted'
    [ -z "$(find "$XDG_RUNTIME_DIR" -maxdepth 1 -name 'dbassist.*')" ]
}

@test "Ctrl-C at a terminal stops the statement at the daemon" {
    run terminal dbassist query shop --label typed "$slow" <<'STEPS'
until [ "$(dbassist health --json | jq .queries.running)" -eq 1 ]
interrupt
STEPS
    code 130
    shows Cancelled
    run dbassist history --status cancelled
    shows typed
}

@test "a reader that leaves early ends the query without a word" {
    bash -o pipefail -c "dbassist query shop --format csv '$slow UNION ALL SELECT 1' --timeout 0.1 | true" || true
    run bash -c "dbassist query shop --format csv 'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 90000) SELECT i FROM n' | head -n 2"
    [ "$output" = '"i"
1' ]
}

@test "a session that has ended is exit code 3" {
    echo v4.public.no-such-token >"$BATS_TEST_TMPDIR/token"
    DBASSIST_TOKEN_FILE=$BATS_TEST_TMPDIR/token run dbassist query shop 'SELECT 1'
    code 3
}

@test "nothing is left behind: no directory, no process" {
    rows shop 'SELECT 1' >/dev/null
    run rows shop 'SELEC'
    [ -z "$(find "$XDG_RUNTIME_DIR" -maxdepth 1 -name 'dbassist.*')" ]
    refute pgrep -f "UNIX-CONNECT:$XDG_RUNTIME_DIR" >/dev/null
}

@test "history shows what ran, and filters" {
    rows shop --label 'a smoke test' 'SELECT 1' >/dev/null
    run rows shop 'SELEC history'
    run dbassist history --project shop --status success --limit 5
    code 0
    shows 'a smoke test'
    [[ $output != *'SELEC history'* ]]
    run dbassist history --status error --text 'SELEC hist'
    shows 'SELEC history'
    run dbassist history --text 'smoke'
    shows 'a smoke test'
    [ "$(dbassist history --limit 3 --json | jq '.items | length')" -eq 3 ]
    run dbassist history --status lost
    code 1
}

@test "the dashboard counts the queries" {
    rows shop 'SELECT 1' >/dev/null
    run dbassist dashboard --days 1
    code 0
    shows 'shop'
    [ "$(dbassist dashboard --json | jq .totals.projects)" -eq 2 ]
}
