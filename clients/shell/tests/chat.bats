#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# The assistant with a model that says what the tests need: at a terminal, where writes can be approved, and in scripts.

load helper

setup_file() {
    postgresql_start
    model_start
    daemon_start
    signed_up ada@example.com
    sample_project shop
    sample_project own --write
    sqlite3 "$BATS_FILE_TMPDIR/own.sqlite" 'CREATE TABLE kept AS SELECT * FROM reviews WHERE id = 7'
}

teardown_file() {
    daemon_stop
    model_stop
    postgresql_stop
}

review() { sqlite3 "$BATS_FILE_TMPDIR/own.sqlite" 'SELECT count(*) FROM reviews WHERE id = 7'; }
review_again() { sqlite3 "$BATS_FILE_TMPDIR/own.sqlite" 'INSERT OR IGNORE INTO reviews SELECT * FROM kept'; }

@test "an answer with its steps, statement, rows and cost" {
    run dbassist chat shop <<<'count them'
    code 0
    shows '· run_query: run a statement that reads … ok'
    shows '  │ SELECT count(*) AS books FROM books'
    shows 'There are 225 books.'
    shows '   225
1 row'
    shows '2 steps · 1 tool call · 200 + 20 tokens'
}

@test "a long result is cut, and /rows has all of it" {
    run dbassist chat shop <<<'list the titles'
    shows '205 more rows: /rows shows them'
    run dbassist chat shop <<<'list the titles
/rows'
    shows ' 225 | '
    dbassist ask shop 'list the titles' | grep -c '^ *[0-9][0-9]* | ' >"$BATS_TEST_TMPDIR/count"
    [ "$(<"$BATS_TEST_TMPDIR/count")" -eq 225 ]
}

@test "the answer appears as it is written, and Ctrl-C stops it and keeps the conversation" {
    TERM_SHOWN=xterm run terminal dbassist chat shop <<'STEPS'
see shop> 
type a long one
see It begins
interrupt
see Stopped.
see shop> 
type count them
see 225 books.
see 2 steps
see shop> 
end
STEPS
    code 0
    [ "$(dbassist threads shop --json | jq '.items[0].messageCount')" -eq 4 ]
}

@test "Ctrl-C in ask stops the turn: exit code 130" {
    TERM_SHOWN=xterm run terminal dbassist ask shop 'a long one' <<'STEPS'
see …
interrupt
STEPS
    code 130
}

@test "a write is shown in full and runs after y at the terminal" {
    review_again
    run terminal dbassist chat own <<'STEPS'
see own> 
type remove it
see DELETE FROM reviews WHERE id = 7
see touches
see expires
see Run this? [y/N]
type y
see 1 row changed
see own> 
end
STEPS
    code 0
    [ "$(review)" -eq 0 ]
    # What the model says of it cannot move the cursor.
    [[ $output != *$'\e[2J'* ]]
}

@test "anything else than y declines it, and so does the end of the input" {
    review_again
    for answer in 'type n' 'type yup' 'type ' 'end'; do
        run terminal dbassist chat own <<STEPS
see own> 
type remove it
see Run this? [y/N]
$answer
see Declined
see own> 
end
STEPS
        code 0
        [ "$(review)" -eq 1 ]
    done
    run dbassist history --project own --mode write --json
    [ "$(jq '[.items[] | select(.status == "running")] | length' <<<"$output")" -eq 0 ]
}

@test "what was typed before the question was there approves nothing" {
    review_again
    run terminal dbassist chat own <<'STEPS'
see own> 
type remove it
type y
see Run this? [y/N]
type n
see Declined
see own> 
end
STEPS
    code 0
    [ "$(review)" -eq 1 ]
}

@test "without a terminal nothing is approved" {
    review_again
    run dbassist chat own <<<'remove it
y
yes'
    shows 'Only a person at a terminal'
    shows Declined
    [ "$(review)" -eq 1 ]
}

@test "ask prints the proposal, and approve runs it once" {
    review_again
    run dbassist ask own 'remove it'
    code 0
    shows 'DELETE FROM reviews WHERE id = 7'
    [ "$(review)" -eq 1 ]
    id=${output##*dbassist approve }
    id=${id%%[!0-9a-f-]*}
    run dbassist approve "$id" </dev/null
    code 7
    [ "$(review)" -eq 1 ]
    run dbassist approve "$id" --yes
    code 0
    shows 'DELETE FROM reviews WHERE id = 7'
    shows '1 row changed'
    [ "$(review)" -eq 0 ]
    run dbassist approve "$id" --yes
    code 4
}

@test "a proposal that was declined cannot be approved" {
    review_again
    id=$(dbassist ask own 'remove it' --json | jq -r '.proposals[0].approvalId')
    dbassist decline -q "$id"
    run dbassist approve "$id" --yes
    code 4
    shows declined
    [ "$(review)" -eq 1 ]
}

@test "nobody else's proposal is found" {
    id=$(dbassist ask own 'remove it' --json | jq -r '.proposals[0].approvalId')
    mkdir "$BATS_TEST_TMPDIR/other"
    XDG_STATE_HOME=$BATS_TEST_TMPDIR/other signed_up bob@example.com
    XDG_STATE_HOME=$BATS_TEST_TMPDIR/other run dbassist approve "$id" --yes
    code 4
}

@test "--sql-only is the statement and nothing else" {
    run --separate-stderr dbassist ask shop 'write it' --sql-only
    code 0
    [ "$output" = 'SELECT title FROM books WHERE id = 7' ]
}

@test "no control character of a model reaches the terminal" {
    for command in ask chat; do
        if [ $command = ask ]; then
            run dbassist ask shop 'escape'
        else
            run dbassist chat shop <<<'escape'
        fi
        code 0
        shows red
        [[ $output != *$'\e'* && $output != *$'\a'* && $output != *$'\xc2\x9b'* && $output != *$'\u202e'* ]]
    done
}

@test "the schema goes to a model only if its owner agrees, who is asked at a terminal" {
    dbassist assistant shop --no-share schema,rows >/dev/null
    run dbassist ask shop 'count them'
    code 7
    shows 'dbassist assistant shop --share schema,rows'
    run dbassist chat shop <<<'count them'
    code 7
    run terminal dbassist chat shop <<'STEPS'
see shop> 
type count them
see see names and rows of this project? [y/N]
type n
see dbassist assistant shop --share schema,rows
see shop> 
until dbassist assistant shop | grep -q 'schema   no'
type count them
see see names and rows of this project? [y/N]
type y
see 225 books.
see shop> 
end
STEPS
    code 0
    run dbassist assistant shop
    shows 'schema   yes'
}

@test "what the database user can do beyond its data is accepted right by right, and only at a terminal" {
    dbassist project add root "$(<"$BATS_FILE_TMPDIR/postgresql")" >/dev/null
    dbassist assistant root --accept 'create role' >/dev/null
    run dbassist ask root 'hello'
    code 7
    shows "dbassist assistant root --accept 'create role' --accept 'superuser'"
    run dbassist chat root <<<'hello
y'
    code 7
    run terminal dbassist chat root <<'STEPS'
see root> 
type hello
see more than use its data: superuser. Work with it all the same? [y/N]
type n
see dbassist assistant root --accept
see root> 
until dbassist assistant root --json | jq -e '.acceptedRights == ["create role"]'
type hello
see more than use its data: superuser. Work with it all the same? [y/N]
type y
see Nothing is known of that.
see root> 
end
STEPS
    code 0
    [ "$(dbassist assistant root --json | jq -c .acceptedRights)" = '["create role","superuser"]' ]
    run dbassist ask root 'hello'
    code 0
}

@test "models are listed and tested" {
    run dbassist models
    code 0
    shows scripted-1
    shows 'this machine'
    run dbassist models --test
    shows 'connect'
    shows 'stream'
}

@test "a model that is gone is exit code 5" {
    model_stop
    run dbassist ask shop 'count them'
    code 5
}
