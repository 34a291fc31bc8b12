#!/usr/bin/env bats
# shellcheck disable=SC2154  # variables of helper.bash
# The protocol by hand: call, methods, help, coprocess; and how dbassist fails.

load helper

setup_file() {
    daemon_start
    signed_up ada@example.com
    sample_project shop
}

teardown_file() {
    daemon_stop
}

@test "call takes strings, JSON, files and standard input" {
    run dbassist call query.history limit:=1 status=error
    code 0
    [ "$(jq -c .items <<<"$output")" = '[]' ]
    printf 'shop' >"$BATS_TEST_TMPDIR/text"
    [ "$(dbassist call project.list text=@"$BATS_TEST_TMPDIR/text" | jq -r '.items[0].name')" = shop ]
    [ "$(printf shop | dbassist call project.list text=@- | jq -r '.items[0].name')" = shop ]
    [ "$(dbassist call project.list '{"text": "shop"}' | jq '.items | length')" -eq 1 ]
    [ "$(echo '{"text": "no such"}' | dbassist call project.list - | jq '.items | length')" -eq 0 ]
}

@test "call tells a misspelt parameter: exit code 4 and its name" {
    run dbassist call project.list txt=shop
    code 4
    shows 'txt'
}

@test "call refuses what is no JSON before it sends anything" {
    run dbassist call query.history 'limit:=one' --socket /nonexistent
    code 1
    run dbassist call query.history '{"limit": 1' --socket /nonexistent
    code 1
    run dbassist call query.history limit --socket /nonexistent
    code 1
    run dbassist call 'a"b' --socket /nonexistent
    code 1
}

@test "an unknown method is exit code 4" {
    run dbassist call no.such
    code 4
}

@test "a notification is not waited for" {
    run timeout 10 dbassist call exit
    code 0
}

@test "methods lists them with what they do" {
    run dbassist methods
    code 0
    [[ $output =~ query\.run\ +Run ]]
}

@test "help of a method has its params, result, errors and an example that works" {
    run dbassist help project.list
    code 0
    shows 'databaseType'
    shows 'nextCursor'
    shows 'unauthenticated'
    example=$(grep -o 'dbassist call .*' <<<"$output")
    run bash -c "$example"
    code 0
}

@test "every method of the daemon has a help page" {
    for method in $(dbassist methods --json | jq -r '.methods[].name'); do
        run dbassist help "$method"
        code 0
        shows "$method: "
    done
}

@test "every command has help, and it needs no daemon" {
    for command in signup login logout whoami passwd sessions token projects project query watch history stats dashboard health wait methods call \
        coprocess help; do
        run dbassist "$command" --help --socket /nonexistent
        code 0
        shows "Usage: dbassist $command"
        run dbassist help "$command" --socket /nonexistent
        code 0
    done
}

@test "the manual page names every command" {
    for command in signup login logout whoami passwd sessions 'token narrow' projects 'project add' query watch history stats dashboard health wait methods call \
        coprocess help; do
        grep -q "^\.It Cm $command" "$client_root/dbassist.1"
    done
}

@test "help of nothing is an overview; no command at all is a usage error" {
    run dbassist --help
    code 0
    run dbassist
    code 1
    run dbassist --version
    code 0
    [[ $output =~ ^dbassist\ [0-9]+\.[0-9]+ ]]
}

@test "what is misspelt is exit code 1, on standard error only" {
    for words in 'no-such' 'whoami extra' 'query' 'query shop --no-such' 'whoami --limit 5' 'history --limit many' 'history --limit' \
        'query shop SELECT --format xml' 'project' 'project no-such' 'sessions no-such' 'whoami --json=1'; do
        # shellcheck disable=SC2086
        run --separate-stderr dbassist $words
        code 1
        [ "$words" = '' ] || [ -z "$output" ]
        [[ $stderr == dbassist:* ]]
    done
}

@test "no daemon is exit code 2, with what to do" {
    run dbassist health --socket "$BATS_TEST_TMPDIR/none"
    code 2
    shows 'dbassistd serve'
    : >"$BATS_TEST_TMPDIR/file"
    DBASSIST_SOCKET=$BATS_TEST_TMPDIR/file run dbassist health
    code 2
    shows 'not a socket'
    run dbassist health --socket "/$(printf 'x%.0s' {1..120})"
    code 2
    shows 'longer'
}

@test "a socket that nobody listens at is exit code 2" {
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$BATS_TEST_TMPDIR/stale"
    run timeout 10 dbassist whoami --socket "$BATS_TEST_TMPDIR/stale"
    code 2
}

@test "a socket's path may have characters that socat reads as its own" {
    ln -s "$XDG_RUNTIME_DIR/dbassist/dbassistd.sock" "$BATS_TEST_TMPDIR/a, b:c!d(e)"
    run dbassist health --socket "$BATS_TEST_TMPDIR/a, b:c!d(e)"
    code 0
}

@test "wait gives up in time" {
    run timeout 10 dbassist wait --socket "$BATS_TEST_TMPDIR/none" --timeout 0.3
    code 2
    run dbassist wait --timeout 5
    code 0
}

@test "health says that the daemon works" {
    run dbassist health
    code 0
    shows 'ok: dbassistd'
    [ "$(dbassist health --json | jq -r .status)" = ok ]
}

@test "coprocess passes messages both ways, with the session" {
    coproc client { dbassist coprocess 3>&-; }
    echo '{"jsonrpc":"2.0","id":"a","method":"auth.whoami"}' >&"${client[1]}"
    IFS= read -r -t 10 reply <&"${client[0]}"
    [ "$(jq -r '[.id, .result.user.email] | join(" ")' <<<"$reply")" = 'a ada@example.com' ]
    echo '{"jsonrpc":"2.0","id":2,"method":"system.health"}' >&"${client[1]}"
    IFS= read -r -t 10 reply <&"${client[0]}"
    [ "$(jq -r .result.status <<<"$reply")" = ok ]
    pid=$client_PID
    input=${client[1]}
    exec {input}>&-
    wait "$pid"
}

@test "coprocess with a session that has ended is exit code 3" {
    echo v4.public.no-such-token >"$BATS_TEST_TMPDIR/token"
    DBASSIST_TOKEN_FILE=$BATS_TEST_TMPDIR/token run dbassist coprocess </dev/null
    code 3
}

@test "it is a POSIX shell program: bash in POSIX mode runs it too" {
    run bash --posix "$client_root/dbassist" query -q shop --format jsonl 'SELECT 1 AS a'
    [ "$output" = '{"a":1}' ]
}

@test "it works through a symbolic link" {
    ln -s "$client_root/dbassist" "$BATS_TEST_TMPDIR/dba"
    run "$BATS_TEST_TMPDIR/dba" health
    code 0
}
