# shellcheck shell=bash disable=SC2154  # output and status are of bats
# A daemon of its own for each test file, in a directory of its own, with nothing of the caller's environment.
#
#   DBASSIST_TEST_DAEMON=.build/debug/dbassistd bats clients/shell/tests

bats_require_minimum_version 1.5.0

client_root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
repository_root=$(cd "$client_root/../.." && pwd)

# shellcheck disable=SC2034
password='nine lives of an engine'

client_environment() {
    unset DBASSIST_SOCKET DBASSIST_TOKEN_FILE DBASSIST_PASSWORD_FILE COLUMNS NO_COLOR
    unset DBASSIST_MODEL DBASSIST_MODEL_URL DBASSIST_MODEL_KEY DBASSIST_MODEL_KEY_FILE
    export HOME=$BATS_FILE_TMPDIR/home XDG_RUNTIME_DIR=$BATS_FILE_TMPDIR/run XDG_STATE_HOME=$BATS_FILE_TMPDIR/state
    export PATH=$client_root:$PATH
    mkdir -p "$HOME"
    [[ -d $XDG_RUNTIME_DIR ]] || mkdir -m 700 "$XDG_RUNTIME_DIR"
}

# daemon_start: start the daemon and wait until it answers.
daemon_start() {
    local url=${DBASSIST_MODEL_URL-} model=${DBASSIST_MODEL-}
    client_environment
    [[ -z ${model_pid:-} ]] || export DBASSIST_MODEL_URL=$url DBASSIST_MODEL=$model
    if [[ ! -x ${DBASSIST_TEST_DAEMON:-} ]]; then
        echo "Set DBASSIST_TEST_DAEMON to the path of dbassistd." >&2
        return 1
    fi
    mkdir -m 700 "$XDG_RUNTIME_DIR/dbassist"
    DBASSIST_STATE_DIR=$BATS_FILE_TMPDIR/daemon "$DBASSIST_TEST_DAEMON" serve --socket "$XDG_RUNTIME_DIR/dbassist/dbassistd.sock" \
        </dev/null >"$BATS_FILE_TMPDIR/daemon.log" 2>&1 3>&- &
    daemon_pid=$!
    export daemon_pid
    if ! dbassist wait --quiet --timeout 20; then
        cat "$BATS_FILE_TMPDIR/daemon.log" >&2
        return 1
    fi
}

daemon_stop() {
    [[ -n ${daemon_pid:-} ]] || return 0
    kill "$daemon_pid" 2>/dev/null || true
    wait "$daemon_pid" 2>/dev/null || true
}

# model_start: start a model that answers what tests/model-server.py says, and have the daemon that is started next use it.
model_start() {
    python3 "$client_root/tests/model-server.py" "$BATS_FILE_TMPDIR/model-port" </dev/null >"$BATS_FILE_TMPDIR/model.log" 2>&1 3>&- &
    model_pid=$!
    export model_pid
    appears "$BATS_FILE_TMPDIR/model-port" "$BATS_FILE_TMPDIR/model.log"
    DBASSIST_MODEL_URL=http://127.0.0.1:$(<"$BATS_FILE_TMPDIR/model-port")/v1
    export DBASSIST_MODEL_URL DBASSIST_MODEL=scripted-1
}

model_stop() {
    [[ -n ${model_pid:-} ]] || return 0
    kill "$model_pid" 2>/dev/null || true
    wait "$model_pid" 2>/dev/null || true
}

# postgresql_start: start a PostgreSQL whose user is a superuser; its connection string is in the file postgresql.
postgresql_start() {
    python3 "$client_root/tests/postgresql-server.py" "$BATS_FILE_TMPDIR/postgresql" </dev/null >"$BATS_FILE_TMPDIR/postgresql.log" 2>&1 3>&- &
    postgresql_pid=$!
    export postgresql_pid
    appears "$BATS_FILE_TMPDIR/postgresql" "$BATS_FILE_TMPDIR/postgresql.log"
}

postgresql_stop() {
    [[ -n ${postgresql_pid:-} ]] || return 0
    kill "$postgresql_pid" 2>/dev/null || true
    wait "$postgresql_pid" 2>/dev/null || true
}

# appears FILE LOG: wait until a server has written the file; what it says meanwhile is in the log.
appears() {
    local tries=600
    until [[ -s $1 ]]; do
        tries=$((tries - 1))
        ((tries > 0)) || { cat "$2" >&2 && return 1; }
        sleep 0.05
    done
}

# terminal COMMAND...: run it at a terminal; standard input has the steps, as tests/terminal.py says.
terminal() {
    TERM=${TERM_SHOWN:-dumb} python3 "$client_root/tests/terminal.py" "$@"
}

# signed_up: an account, and a session in the state directory of this file.
signed_up() {
    dbassist signup --quiet "$1" --name 'Ada Lovelace' <<<"$password"
}

# sample_project NAME [OPTION...]: a project on a sample database of its own.
sample_project() {
    local name=$1
    shift
    "$repository_root/scripts/sample-database" "$BATS_FILE_TMPDIR/$name.sqlite" --force
    dbassist project add "$name" "$BATS_FILE_TMPDIR/$name.sqlite" "$@" >/dev/null
}

# shows TEXT: the output of the last `run` has it.
shows() {
    [[ $output == *"$1"* ]] || {
        printf 'not in the output: %s\n' "$1"
        printf 'the output was: %s\n' "$output"
        return 1
    }
}

# code N: the last `run` ended with this exit code.
code() {
    [[ $status -eq $1 ]] || {
        printf 'exit code %s in place of %s: %s\n' "$status" "$1" "$output"
        return 1
    }
}

# recorded COMMAND...: run a command; what each program that it starts gets as arguments and environment goes to $recording.
recorded() {
    local directory=$BATS_TEST_TMPDIR/recorders program
    recording=$BATS_TEST_TMPDIR/recording
    mkdir -p "$directory"
    for program in jq socat nc sed tr mktemp mkfifo find dirname chmod mv rm cat od grep head; do
        [[ -x /usr/bin/$program ]] || continue
        # shellcheck disable=SC2016
        printf '#!/bin/sh\n{ printf "%%s\\n" "$0 $*"; /usr/bin/env; } >>"%s"\nexec /usr/bin/%s "$@"\n' "$recording" "$program" \
            >"$directory/$program"
        chmod +x "$directory/$program"
    done
    PATH=$client_root:$directory:$PATH "$@"
}

# refute COMMAND...: the command must fail. (`! command` would not end a test.)
refute() {
    if "$@"; then
        printf 'this should have failed: %s\n' "$*"
        return 1
    fi
}
