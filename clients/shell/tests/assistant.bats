#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# The assistant without a model: what it answers all the same, and what is around it.

load helper

setup_file() {
    daemon_start
    signed_up ada@example.com
    sample_project shop
}

teardown_file() {
    daemon_stop
}

@test "ask answers from the schema, and says that there is no model" {
    run --separate-stderr dbassist ask shop 'What tables are there?'
    code 0
    shows books
    [ "$stderr" = '' ]
    run --separate-stderr dbassist ask shop 'What tables are there?' --json
    code 0
    [ "$(jq -r .role <<<"$output")" = assistant ]
    [ "$(jq -r .note <<<"$output")" != null ]
}

@test "ask prints the rows of its statement below the text" {
    run dbassist ask shop 'How many rows are in books?'
    code 0
    books=$(sqlite3 "$BATS_FILE_TMPDIR/shop.sqlite" 'SELECT count(*) FROM books')
    shows "
  $books"
}

@test "the question comes from standard input too, of many lines" {
    run dbassist ask shop - <<<'How many rows
are in books?'
    code 0
    shows 225
    run dbassist ask shop <<<' '
    code 1
    run dbassist ask shop $'\xff'
    code 1
}

@test "--sql-only prints a statement that can be run" {
    sql=$(dbassist ask shop 'How many rows are in books?' --sql-only --mode answer)
    [ "$(dbassist query -q shop --format csv "$sql" | tail -n 1)" = 225 ]
    run dbassist ask shop 'What tables are there?' --sql-only
    code 4
    shows 'no statement'
}

@test "what is not known is an error with its exit code" {
    run dbassist ask nosuch 'What tables are there?'
    code 4
    run dbassist ask shop 'What tables are there?' --model nobody
    code 4
    shows chat.models
    run dbassist ask shop 'What tables are there?' --mode guess
    code 1
    run dbassist ask shop 'What tables are there?' --thread 019ab0c5-11aa-7d2e-8b3c-4d5e6f708192
    code 4
    run dbassist ask shop 'What tables are there?' --thread "x'"
    code 1
    run dbassist ask shop 'What tables are there?' --json --sql-only
    code 1
    XDG_STATE_HOME=$BATS_TEST_TMPDIR run dbassist ask shop 'What tables are there?'
    code 3
}

@test "a conversation goes on with --last and --thread, and threads lists it" {
    dbassist ask shop 'What tables are there?' >/dev/null
    id=$(dbassist threads shop --limit 1 --json | jq -r '.items[0].id')
    dbassist ask shop 'Describe authors' --last >/dev/null
    dbassist ask shop 'Describe orders' --thread "$id" >/dev/null
    run dbassist threads shop
    code 0
    shows "$id  shop     What tables are there?"
    [ "$(dbassist threads --json | jq --arg id "$id" '.items[] | select(.id == $id) | .messageCount')" -eq 6 ]
    run dbassist thread show "$id"
    code 0
    shows '> Describe authors'
    run dbassist thread title "$id" $'Two\ntables'
    code 0
    shows 'Two\ntables'
    run dbassist thread rm "$id" --yes
    code 0
    run dbassist thread show "$id"
    code 4
}

@test "a conversation from standard input: messages, commands, what is unknown" {
    run dbassist chat shop <<<'How many rows are in books?
/rows
/good
/threads
/title Of books
/context How many authors?
/model nobody
/sql
/new
/nonsense
/quit
What tables are there?'
    code 0
    shows 'run_query: run a statement that reads … ok'
    shows '  │ SELECT count(*)'
    shows '1 row'
    shows 'Confirmed'
    shows '1  *  How many rows are in books?'
    shows 'is called Of books'
    shows 'about'
    shows 'No model is configured'
    shows 'From now on'
    shows 'There is no command /nonsense'
    [[ $output != *'> What tables'* ]]
    [ "$(dbassist call chat.examples projectId="$(dbassist projects --json | jq -r '.items[0].id')" | jq '.items | length')" -eq 1 ]
}

@test "the same at a terminal: Ctrl-C clears a line, a backslash continues one, Ctrl-D ends" {
    run terminal dbassist chat shop <<'STEPS'
see Ctrl-D ends
see shop> 
type half a line\
see ... 
interrupt
see shop> 
type Describe \
see ... 
type authors
see primary key
see no model
see shop> 
end
STEPS
    code 0
}

@test "what a model may see is shown and changed" {
    run dbassist assistant shop
    code 0
    shows 'rows     for a model on this machine only'
    run dbassist assistant shop --share schema,rows --no-share samples --mask customers.email --mask reviews.body --accept 'create role'
    code 0
    shows 'rows     yes'
    shows 'samples  no'
    shows 'masked   customers.email, reviews.body'
    shows 'create role accepted'
    run dbassist assistant shop --no-mask reviews.body --no-accept 'create role' --json
    [ "$(jq -c .maskedColumns <<<"$output")" = '["customers.email"]' ]
    [ "$(jq -c '.acceptedRights // []' <<<"$output")" = '[]' ]
    run dbassist assistant shop --share everything
    code 1
    run dbassist assistant shop --share rows --no-share rows
    code 1
    run dbassist assistant shop --model nobody
    code 4
}

@test "without a model models says so, and --test which setting is missing" {
    run dbassist models
    code 0
    shows DBASSIST_MODEL_URL
    run dbassist models --test
    code 4
    shows DBASSIST_MODEL_URL
    run dbassist models --test nobody
    code 4
}

@test "statements are confirmed, listed and taken back" {
    sample_project confirmed
    run dbassist examples confirmed
    code 0
    shows /good
    dbassist example add confirmed $'How many\nbooks?' 'SELECT count(*) FROM books' >/dev/null
    run --separate-stderr dbassist example add confirmed 'Whose are they?' --json <<<'SELECT name
FROM authors'
    code 0
    id=$(jq -r .id <<<"$output")
    run dbassist examples confirmed
    code 0
    shows "$id  "
    shows 'Whose are they?  SELECT name FROM authors'
    shows 'How many books?  SELECT count(*) FROM books'
    # The same question again has its statement replaced.
    dbassist example add confirmed 'Whose are they?' 'SELECT name FROM authors ORDER BY name' >/dev/null
    run --separate-stderr dbassist examples confirmed --all --json
    [ "$(jq '.items | length' <<<"$output")" -eq 2 ]
    [ "$(jq '[.items[] | select(.sql | endswith("ORDER BY name"))] | length' <<<"$output")" -eq 1 ]
    id=$(jq -r '.items[] | select(.question == "Whose are they?") | .id' <<<"$output")
    run dbassist example rm "$id"
    code 0
    # Idempotent, as the daemon is.
    run dbassist example rm "$id"
    code 0
    run --separate-stderr dbassist examples confirmed --limit 1 --json
    [ "$(jq -c '[.items[].question]' <<<"$output")" = '["How many\nbooks?"]' ]
}

@test "what does not read, or is no statement, is not confirmed" {
    run dbassist example add shop 'Which?' 'SELECT titel FROM books'
    code 6
    shows '         ^'
    run dbassist example add shop 'Which?' 'DELETE FROM books'
    code 7
    run dbassist example add shop 'Which?' ' '
    code 1
    run dbassist example add shop $'\xff' 'SELECT 1'
    code 1
    run dbassist example add nosuch 'Which?' 'SELECT 1'
    code 4
    run dbassist example rm "x'"
    code 1
    run dbassist example
    code 1
    run dbassist example show
    code 1
    run dbassist examples shop --all --limit 2
    code 1
}

@test "an unknown proposal is neither approved nor an error to decline" {
    run dbassist approve 019ab0c5-11aa-7d2e-8b3c-4d5e6f708192 --yes
    code 4
    run dbassist decline 019ab0c5-11aa-7d2e-8b3c-4d5e6f708192
    code 0
    run dbassist approve "'"
    code 1
}

@test "every command of the assistant explains itself" {
    for command in chat ask approve decline models threads thread examples example assistant; do
        run dbassist help "$command"
        code 0
        shows 'Usage: dbassist'
    done
}
