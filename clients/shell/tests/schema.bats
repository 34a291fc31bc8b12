#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# What a database has, and how it would run a statement.

load helper

setup_file() {
    daemon_start
    signed_up ada@example.com
    sample_project shop
    sqlite3 "$BATS_FILE_TMPDIR/odd.sqlite" "
        CREATE TABLE \"two words\" (\"a
b\" TEXT DEFAULT 'x' NOT NULL, n INT CHECK (n > 0));
        CREATE UNIQUE INDEX \"i'\" ON \"two words\" (n) WHERE n > 5;
        CREATE TABLE boss (id INTEGER PRIMARY KEY AUTOINCREMENT, above INT REFERENCES boss ON DELETE SET NULL);
        CREATE TABLE pair (x INT, y INT, first INT REFERENCES boss, second INT REFERENCES boss, PRIMARY KEY (x, y));
        CREATE TRIGGER \"on
boss\" AFTER UPDATE ON boss BEGIN
            SELECT 1; END;
        CREATE VIEW v AS SELECT n
            FROM \"two words\""
    dbassist project add odd "$BATS_FILE_TMPDIR/odd.sqlite" >/dev/null
}

teardown_file() {
    daemon_stop
}

@test "tables: all, by pattern, and as JSON" {
    run --separate-stderr dbassist tables shop
    code 0
    shows 'SCHEMA  NAME'
    [[ ${lines[1]} == 'main    authors '* ]]
    run --separate-stderr dbassist tables odd 'V*'
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[1]} == 'main    v     view'* ]]
    [ "$(dbassist tables odd --json | jq -r '.items[].name' | paste -sd,)" = 'boss,pair,two words,v' ]
    [ "$(dbassist tables odd --limit 2 --json | jq '.items | length')" -eq 2 ]
    run --separate-stderr dbassist tables odd nosuch
    code 0
    [ "$output" = '' ]
}

@test "describe shows columns, indexes, checks and foreign keys; nothing breaks a line" {
    run --separate-stderr dbassist describe odd 'two words'
    code 0
    [ "${lines[0]}" = 'Table main.two words' ]
    shows 'a\nb'
    shows "'x'"
    shows "i' (n), unique WHERE n > 5"
    shows 'n > 0'
    run --separate-stderr dbassist describe odd main.BOSS
    shows 'primary key; auto increment'
    shows '(above) -> boss (id) ON DELETE SET NULL'
    shows 'pair (first) -> (id)'
    shows 'on\nboss: AFTER UPDATE, each row: CREATE TRIGGER'
    run --separate-stderr dbassist describe odd pair
    shows 'primary key 2'
    run --separate-stderr dbassist describe odd v
    [ "${lines[0]}" = 'View main.v' ]
    shows Query
    shows '    SELECT n'
    shows 'FROM "two words"'
    [ "$(dbassist describe odd v --json | jq -r .relation.kind)" = view ]
}

@test "describe of what is not there says what is like it: exit code 4" {
    run dbassist describe shop boks
    code 4
    shows 'Did you mean books'
    run dbassist describe nosuch books
    code 4
    run dbassist describe shop
    code 1
}

@test "search finds words, best first" {
    run --separate-stderr dbassist search shop author id
    code 0
    [[ ${lines[1]} == 'main.books.author_id '*exact* ]]
    run dbassist search shop xyzzyxyzzy
    code 0
    [ "$output" = 'Nothing is called like that.' ]
    [ "$(dbassist search shop title --limit 1 --json | jq -r '.items[0].column')" = title ]
}

@test "relations, and the way to join two tables" {
    run --separate-stderr dbassist relations odd pair
    code 0
    shows 'main.pair (first)'
    run --separate-stderr dbassist relations odd pair boss
    code 0
    [ "${lines[0]}" = 'FROM "pair"' ]
    [ "${lines[1]}" = '  JOIN "boss" ON "pair"."first" = "boss"."id"' ]
    [ "${lines[2]}" = '    -- or ON "pair"."second" = "boss"."id"' ]
    dbassist query -q odd "SELECT count(*) $(dbassist relations odd pair boss)"
    run dbassist relations odd pair 'two words'
    code 4
    shows 'No foreign keys lead from pair to two words.'
    [ "$(dbassist relations odd --json | jq '.items | length')" -eq 3 ]
}

@test "refresh sees what another program changed" {
    sqlite3 "$BATS_FILE_TMPDIR/shop.sqlite" 'CREATE TABLE late (id INTEGER PRIMARY KEY)'
    run --separate-stderr dbassist refresh shop
    code 0
    shows ' relations in 1 schema: '
    run --separate-stderr dbassist tables shop late
    shows late
}

@test "explain shows the plan as a tree" {
    run --separate-stderr dbassist explain shop 'SELECT b.title FROM books b WHERE b.author_id IN (SELECT id FROM authors WHERE name = ?)' -p x
    code 0
    shows STEP
    shows 'on b'
    [[ ${lines[*]} == *'  '* ]]
    [ "$(echo 'SELECT 1' | dbassist explain shop --json | jq -r .engine)" = sqlite ]
    run dbassist explain shop 'SELEC 1'
    code 6
    shows '^'
    run dbassist explain shop 'DELETE FROM books'
    code 7
    run dbassist explain shop 'SELECT 1' --analyze
    code 4
    run dbassist explain shop ''
    code 1
}
