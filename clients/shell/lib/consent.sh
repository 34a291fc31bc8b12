# shellcheck shell=sh disable=SC2016,SC2034,SC2154  # jq programs are quoted; variables are shared with dbassist and the other files
# What only a person decides: whether a model may see a project's data, and whether a statement that writes may run.

# agreed QUESTION: whether a person at the terminal answers yes. What was typed before the question was there does not count.
agreed() {
    # All three: who answers must have seen what is asked.
    { [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; } || return 1
    input_forget
    printf '%s [y/N] ' "$1" >&2
    if ! IFS=' ' read -r answer; then
        printf '\n' >&2
        return 1
    fi
    case $answer in
    y | Y | yes | Yes | YES) return 0 ;;
    *) return 1 ;;
    esac
}

# input_forget: take away what was typed ahead, lines and parts of lines.
input_forget() {
    terminal_state=$(stty -g <&0) || return 0
    stty -icanon min 0 time 0 <&0
    while [ -n "$(dd bs=4096 count=1 <&0 2>/dev/null | od -An -N 1 -tx1)" ]; do :; done
    stty "$terminal_state" <&0
    terminal_state=
}

# model_host: set `host` to where the project's model is asked, or the one that --model names.
model_host() {
    host='the model'
    request project.get "{\"projectId\":\"$project\"}" || return 0
    chosen=${model:-$(printf '%s\n' "$payload" | jq -cM '.assistant.model // null')}
    request chat.models || return 0
    printf '%s\n%s\n' "$chosen" "$payload" >"$work_dir/models"
    host=$(jq -nrM -L "$lib" 'include "table"; input as $name | input.items
        | (first(.[] | select(.name == $name)) // first(.[] | select(.default)) // {}) | .host // "the model" | visible_line' \
        <"$work_dir/models")
}

# consent_wanted: of the error in `payload`, what the project's owner could agree to, as JSON; nothing if it is another error.
consent_wanted() {
    printf '%s\n' "$payload" | jq -cM -L "$lib" 'include "chat"; consent'
}

# consent_ask: where the error in `payload` is one that the project's owner can lift, ask, and lift it. Fails if it stays.
consent_ask() {
    wanted=$(consent_wanted)
    refusal=$payload
    case $wanted in
    '{"shareSchema":'*)
        model_host
        payload=$refusal
        agreed "Let $host see names and rows of this project?" || return 1
        settings='{"shareSchema":true,"shareRows":true}'
        ;;
    '{"acceptedRights":'*)
        # The list replaces the project's; only what is new in it is asked about.
        request project.get "{\"projectId\":\"$project\"}" || return 1
        rights=$(printf '%s\n%s\n' "$wanted" "$payload" | jq -nrM -L "$lib" 'include "table";
            input as $wanted | input as $project | $wanted.acceptedRights - ($project.assistant.acceptedRights // [])
            | map(tostring | visible_line) | join(", ")') || return 1
        payload=$refusal
        agreed "The database user can do more than use its data: $rights. Work with it all the same?" || return 1
        settings=$wanted
        ;;
    *) return 1 ;;
    esac
    request project.update "{\"projectId\":\"$project\",\"assistant\":$settings}"
}

# consent_hint NAME: after an error that the owner of the project of this name could lift, say how.
consent_hint() {
    case $1 in
    *[!A-Za-z0-9_.-]* | -* | '') set -- PROJECT ;;
    esac
    printf '%s\n' "$payload" | jq -rM --arg name "$1" -L "$lib" 'include "chat"; include "table"; consent
        | if .acceptedRights then
            "  to accept: dbassist assistant \($name)" + (.acceptedRights | map(" --accept " + (tostring | @sh)) | add // "" | visible_line)
          else "  to allow: dbassist assistant \($name) --share schema,rows (or schema alone: the model then sees no values)" end' >&2
}

# proposal_show PROPOSAL PROJECT-NAME: print all of a statement that would write, to descriptor 6.
proposal_show() {
    printf '%s\n' "$2" | json_string >"$work_dir/name.json"
    printf '%s\n' "$1" | draw 'proposal_lines($look; $name[0] | rtrimstr("\n"))' --slurpfile name "$work_dir/name.json"
}

# proposal_run PROPOSAL: have a statement run that a person has agreed to, and print what came of it. Fails if it does not.
proposal_run() {
    id=$(printf '%s\n' "$1" | jq -rM '.approvalId | select(test("^[0-9A-Fa-f-]+$"))')
    printf '%s\n' "$1" | jq -jM .sql >"$work_dir/sql"
    request chat.approve "{\"approvalId\":\"$id\"}" || return 1
    printf '%s\n' "$payload" | draw 'written($look)'
}

# proposal_decline PROPOSAL
proposal_decline() {
    id=$(printf '%s\n' "$1" | jq -rM '.approvalId | select(test("^[0-9A-Fa-f-]+$"))')
    request chat.decline "{\"approvalId\":\"$id\"}"
}
