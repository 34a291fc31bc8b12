#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# Watching queries as they run.

load helper

setup_file() {
    daemon_start
    signed_up ada@example.com
    sample_project shop
}

teardown_file() {
    daemon_stop
}

# watching [OPTION...]: watch in the background, into $BATS_TEST_TMPDIR/seen, once it is known to watch.
watching() {
    dbassist watch "$@" >"$BATS_TEST_TMPDIR/seen" 2>"$BATS_TEST_TMPDIR/said" 3>&- &
    watch_pid=$!
    # A query before it watches would be missed: ask until one is seen.
    for _ in $(seq 100); do
        dbassist query -q shop 'SELECT 0' >/dev/null
        [ ! -s "$BATS_TEST_TMPDIR/seen" ] || return 0
    done
    return 1
}

@test "a line for each start and each end" {
    watching --limit 2
    wait "$watch_pid"
    grep -q '^started .* shop .* SELECT 0$' "$BATS_TEST_TMPDIR/seen"
    grep -q '^finished .* shop .* 1 rows .* SELECT 0$' "$BATS_TEST_TMPDIR/seen"
    grep -q 'Ctrl-C' "$BATS_TEST_TMPDIR/said"
}

@test "JSON is the events themselves" {
    watching shop --json --limit 2
    wait "$watch_pid"
    [ "$(jq -r .event "$BATS_TEST_TMPDIR/seen")" = 'started
finished' ]
    [ "$(jq -r .query.projectName "$BATS_TEST_TMPDIR/seen" | sort -u)" = shop ]
}

@test "who is not logged in, or names no project, is told" {
    run dbassist watch nosuch
    code 4
    XDG_STATE_HOME=$BATS_TEST_TMPDIR run dbassist watch
    code 3
}
