#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# Accounts and sessions, and where their secrets go.

load helper

setup_file() {
    daemon_start
    signed_up ada@example.com
}

teardown_file() {
    daemon_stop
}


@test "a sign-up logs in and says so" {
    run dbassist signup Grace@Example.com --name 'Grace Hopper' <<<'a bug in the relay'
    code 0
    shows 'Logged in as Grace Hopper <grace@example.com>'
    run dbassist whoami
    shows 'grace@example.com'
    run dbassist projects
    code 0
    shows 'add one with dbassist project add'
    run dbassist projects --quiet
    [ -z "$output" ]
    run dbassist signup someone@example.com </dev/null
    code 1
    shows '--name'
    dbassist login -q ada@example.com <<<"$password"
}

@test "the token is kept where only its owner can read it" {
    [ "$(stat -c %a "$XDG_STATE_HOME/dbassist/token")" = 600 ]
    [ "$(stat -c %a "$XDG_STATE_HOME/dbassist")" = 700 ]
    [ "$(ls "$XDG_STATE_HOME/dbassist")" = token ]
}

@test "a token that others could read is mended, with a warning" {
    chmod 644 "$XDG_STATE_HOME/dbassist/token"
    run dbassist whoami
    code 0
    shows 'others could read'
    [ "$(stat -c %a "$XDG_STATE_HOME/dbassist/token")" = 600 ]
}

@test "whoami as JSON has the user and the session" {
    run bash -c 'dbassist whoami --json | jq -r "[.user.email, .session.current] | join(\" \")"'
    [ "$output" = 'ada@example.com true' ]
}

@test "a wrong password is exit code 3 and leaves the session alone" {
    run dbassist login ada@example.com <<<'not the password'
    code 3
    run dbassist whoami
    code 0
}

@test "a taken e-mail is exit code 4" {
    run dbassist signup ada@example.com --name Ada <<<"$password"
    code 4
}

@test "a short password is refused with the name of the parameter" {
    run dbassist signup new@example.com --name New <<<'short'
    code 4
    shows 'password'
}

@test "no password at all is a usage error and reaches no daemon" {
    run dbassist login ada@example.com </dev/null
    code 1
    shows 'No password was given'
}

@test "the password comes from DBASSIST_PASSWORD_FILE" {
    printf '%s' "$password" >"$BATS_TEST_TMPDIR/password"
    DBASSIST_PASSWORD_FILE=$BATS_TEST_TMPDIR/password run dbassist login ada@example.com </dev/null
    code 0
}

@test "a password with every awkward character arrives as it is" {
    # shellcheck disable=SC2016
    awkward=' "quoted" \back $HOME `id` %s é日本🎁 -n '
    dbassist signup -q awkward@example.com --name Awkward <<<"$awkward"
    run dbassist login awkward@example.com <<<"$awkward"
    code 0
    run dbassist login awkward@example.com <<<"${awkward# }"
    code 3
    dbassist login -q ada@example.com <<<"$password"
}

@test "no program that is started gets the password, and none the token" {
    secret=$password recorded dbassist login -q ada@example.com <<<"$password"
    recorded dbassist whoami
    grep -q '/jq ' "$recording"
    # The variable that this test itself put into the environment is gone too.
    refute grep -qF "$password" "$recording"
    refute grep -qF "$(cat "$XDG_STATE_HOME/dbassist/token")" "$recording"
}

@test "logout ends the session at the daemon, not only here" {
    cp "$XDG_STATE_HOME/dbassist/token" "$BATS_TEST_TMPDIR/token"
    run dbassist logout
    code 0
    [ ! -e "$XDG_STATE_HOME/dbassist/token" ]
    DBASSIST_TOKEN_FILE=$BATS_TEST_TMPDIR/token run dbassist whoami
    code 3
    shows 'dbassist login'
    run dbassist whoami
    code 3
    run dbassist logout
    code 0
    dbassist login -q ada@example.com <<<"$password"
}

@test "a token can be narrowed, and allows no more" {
    sqlite3 "$BATS_TEST_TMPDIR/narrow.db" 'CREATE TABLE t (a)'
    dbassist project add narrow "sqlite://$BATS_TEST_TMPDIR/narrow.db" -q
    dbassist token narrow --method query.history,project.list --method 'schema.*' --project narrow --read-only --rate 500 \
        --until 2999-01-01 >"$BATS_TEST_TMPDIR/narrow"
    chmod 600 "$BATS_TEST_TMPDIR/narrow"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/narrow")" -eq 1 ]
    export DBASSIST_TOKEN_FILE=$BATS_TEST_TMPDIR/narrow
    run dbassist whoami
    code 0
    shows 'This token is narrowed'
    shows 'read only; methods project.list, query.history, schema.*; projects'
    shows '500 requests a minute'
    run dbassist projects
    code 0
    run dbassist dashboard
    code 7
    unset DBASSIST_TOKEN_FILE
    run dbassist token narrow
    code 1
    shows '--read-only'
    run dbassist token narrow --method query.walk
    code 4
    shows 'methods'
    run dbassist token widen
    code 1
    dbassist project rm narrow --yes -q
}

@test "sessions are listed, and the others can be ended" {
    cp "$XDG_STATE_HOME/dbassist/token" "$BATS_TEST_TMPDIR/token"
    dbassist login -q ada@example.com <<<"$password"
    run dbassist sessions
    shows 'this one'
    [ "$(dbassist sessions --json | jq '.items | length')" -ge 2 ]
    run dbassist sessions revoke --others
    code 0
    [ "$(dbassist sessions --json | jq '.items | length')" -eq 1 ]
    DBASSIST_TOKEN_FILE=$BATS_TEST_TMPDIR/token run dbassist whoami
    code 3
}

@test "one session can be ended by its id" {
    cp "$XDG_STATE_HOME/dbassist/token" "$BATS_TEST_TMPDIR/token"
    id=$(dbassist whoami --json | jq -r .session.id)
    dbassist login -q ada@example.com <<<"$password"
    dbassist sessions revoke "$id"
    DBASSIST_TOKEN_FILE=$BATS_TEST_TMPDIR/token run dbassist whoami
    code 3
    run dbassist whoami
    code 0
}

@test "passwd changes the password and keeps this session going" {
    run dbassist passwd <<<"not the password${IFS:2:1}ten lives of an engine"
    code 3
    printf '%s\n' "$password" 'ten lives of an engine' | dbassist passwd -q
    run dbassist whoami
    code 0
    run dbassist login ada@example.com <<<"$password"
    code 3
    run dbassist login ada@example.com <<<'ten lives of an engine'
    code 0
}

@test "a damaged token is no session, and does no harm" {
    printf 'no "token"\n{}\n' >"$BATS_TEST_TMPDIR/token"
    DBASSIST_TOKEN_FILE=$BATS_TEST_TMPDIR/token run dbassist whoami
    code 3
    DBASSIST_TOKEN_FILE=$BATS_TEST_TMPDIR/token run dbassist health
    code 0
}
