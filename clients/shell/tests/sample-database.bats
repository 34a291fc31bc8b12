#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# scripts/sample-database.

load helper

setup() {
    sample=$repository_root/scripts/sample-database
    file=$BATS_TEST_TMPDIR/shop.sqlite
}

@test "it makes a bookshop that is sound" {
    "$sample" "$file"
    [ "$(sqlite3 "$file" 'PRAGMA integrity_check; PRAGMA foreign_key_check')" = ok ]
    [ "$(sqlite3 "$file" "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1)")" = \
        'authors books customers order_items orders reviews' ]
    [ "$(sqlite3 "$file" 'SELECT (SELECT count(*) FROM orders) >= 2000 AND (SELECT count(*) FROM order_items) > 5000 AND (SELECT count(*) FROM reviews) > 1000')" = 1 ]
    [ "$(sqlite3 "$file" 'SELECT count(*) FROM customers')" = "$(sqlite3 "$file" 'SELECT count(DISTINCT name) FROM customers')" ]
}

@test "every table and view has rows, some of them null and some beyond ASCII" {
    "$sample" "$file"
    for relation in $(sqlite3 "$file" "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"); do
        [ "$(sqlite3 "$file" "SELECT count(*) > 0 FROM $relation")" = 1 ]
    done
    [ "$(sqlite3 "$file" 'SELECT count(*) > 0 FROM books WHERE isbn IS NULL')" = 1 ]
    [ "$(sqlite3 "$file" "SELECT count(*) FROM authors WHERE name = 'Charlotte Brontë'")" = 1 ]
    [ "$(sqlite3 "$file" 'SELECT count(*) FROM orders WHERE shipped_at < ordered_at')" = 0 ]
    [ "$(sqlite3 "$file" 'SELECT count(*) FROM reviews JOIN orders USING (customer_id) WHERE reviews.created_at < (SELECT min(ordered_at) FROM orders)')" = 0 ]
}

@test "it makes the same every time" {
    "$sample" "$file"
    "$sample" "$BATS_TEST_TMPDIR/again.sqlite"
    cmp <(sqlite3 "$file" .dump) <(sqlite3 "$BATS_TEST_TMPDIR/again.sqlite" .dump)
}

@test "it replaces a file only when told to" {
    echo precious >"$file"
    run "$sample" "$file"
    code 1
    [ "$(cat "$file")" = precious ]
    "$sample" "$file" --force
    [ "$(sqlite3 "$file" 'SELECT count(*) FROM authors')" = 40 ]
}

@test "it leaves nothing behind when it cannot work" {
    run "$sample" "$BATS_TEST_TMPDIR/no/such/place.sqlite"
    [ "$status" -ne 0 ]
    [ -z "$(ls "$BATS_TEST_TMPDIR")" ]
}
