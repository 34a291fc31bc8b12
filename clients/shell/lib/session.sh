# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# Secrets: the token on disk, and passwords on their way to the daemon. None is ever put into arguments or the environment of
# another program: `printf` is the shell's own, and jq reads them from standard input or from the token's file.

terminal_state=
# Empty for commands that begin without the session that may be saved.
session_use=1
attached=
token=

token_find() {
    if [ -n "${DBASSIST_TOKEN_FILE:-}" ]; then
        token_file=$DBASSIST_TOKEN_FILE
    elif [ -n "${XDG_STATE_HOME:-}" ]; then
        token_file=$XDG_STATE_HOME/dbassist/token
    elif [ -n "${HOME:-}" ]; then
        token_file=$HOME/.local/state/dbassist/token
    else
        fail 1 "There is no place for the session: set HOME, XDG_STATE_HOME or DBASSIST_TOKEN_FILE."
    fi
}

# session_attach: send the saved token ahead of everything else; its reply is looked at only if something is refused.
session_attach() {
    [ -n "$session_use" ] || return 0
    token_find
    [ -s "$token_file" ] || return 0
    if [ -n "$(find "$token_file" -prune \( -perm -040 -o -perm -004 \) 2>/dev/null)" ]; then
        chmod 600 "$token_file" 2>/dev/null
        note "dbassist: others could read $token_file; that is mended. If they may have, run dbassist logout and log in again."
    fi
    IFS= read -r token <"$token_file" || [ -n "$token" ] || return 0
    # No token has any other character; what has is not sent, and a reply will say that there is no session.
    case $token in
    '' | *[!A-Za-z0-9._-]*) return 0 ;;
    esac
    attached=1
    send "{\"jsonrpc\":\"2.0\",\"id\":\"attach\",\"method\":\"auth.attach\",\"params\":{\"token\":\"$token\"}}"
}

# session_save: keep the token of the session in `payload`, so that a reader sees the old one or the new one and never a part.
session_save() {
    token_find
    directory=$(dirname "$token_file")
    if [ ! -d "$directory" ]; then
        { mkdir -p "$directory" && chmod 700 "$directory"; } || fail 10 "The directory $directory cannot be made."
    fi
    saved=$(mktemp "$token_file.XXXXXXXX") || fail 10 "The session cannot be kept in $directory."
    if printf '%s\n' "$payload" | jq -erM .token >"$saved" && mv -f "$saved" "$token_file"; then return 0; fi
    rm -f "$saved"
    fail 10 "The session cannot be kept in $token_file."
}

session_forget() {
    token_find
    rm -f "$token_file"
}

terminal_restore() {
    [ -n "$terminal_state" ] || return 0
    stty "$terminal_state" </dev/tty
    terminal_state=
    trap - TSTP
}

# secret_read PROMPT: read a line into `secret`: from the terminal, unseen, or from standard input if that is no terminal.
secret_read() {
    secret=
    if [ -t 0 ]; then
        terminal_state=$(stty -g </dev/tty) || fail 1 "The terminal cannot be used for the password; send it on standard input."
        # Stopped here, the terminal would stay silent.
        trap '' TSTP
        stty -echo </dev/tty
        printf '%s' "$1" >/dev/tty
        IFS= read -r secret </dev/tty || secret=
        printf '\n' >/dev/tty
        terminal_restore
    else
        IFS= read -r secret || [ -n "$secret" ] || secret=
    fi
    [ -n "$secret" ] || fail 1 "No ${2:-password} was given."
}

# password_read PROMPT: as `secret_read`, or from the file that DBASSIST_PASSWORD_FILE names.
password_read() {
    if [ -n "${DBASSIST_PASSWORD_FILE:-}" ]; then
        [ -r "$DBASSIST_PASSWORD_FILE" ] || fail 1 "The password file $DBASSIST_PASSWORD_FILE cannot be read."
        IFS= read -r secret <"$DBASSIST_PASSWORD_FILE" || [ -n "$secret" ] || fail 1 "The file $DBASSIST_PASSWORD_FILE is empty."
    else
        secret_read "$1"
    fi
}

# password_choose: read a new password into `secret`; twice on a terminal, where a slip cannot be seen.
password_choose() {
    secret_read "New password: " "new password"
    [ -t 0 ] || return 0
    secret_again=$secret
    secret_read "The same again: "
    [ "$secret" = "$secret_again" ] || fail 1 "The two passwords differ; nothing was changed."
}

# secret_json: `secret` as a JSON string.
secret_json() {
    printf '%s' "$secret" | json_string || fail 1 "This is not UTF-8; check the encoding of the terminal or of the input."
}
