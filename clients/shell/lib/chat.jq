# The assistant on a terminal: a turn as it happens, and what it leaves. Whatever a model or a database wrote is made harmless here.
#
# $look says how it may be shown: `live` where a line can be drawn anew, `colour`, `width` in columns (0: any), `text` where the
# answer is shown as it comes.

include "rows";
include "table";

def dim($look): if $look.colour and . != "" then "\u001b[2m" + . + "\u001b[0m" else . end;
def bright($look): if $look.colour and . != "" then "\u001b[1m" + . + "\u001b[0m" else . end;

# Characters that show nothing and could hide what a statement says.
def is_invisible:
  . == 173 or . == 847 or . == 1564 or . == 4447 or . == 4448 or . == 6158 or (. >= 8203 and . <= 8207) or (. >= 8288 and . <= 8303)
  or . == 12644 or . == 65279 or . == 65440 or (. >= 65529 and . <= 65531) or (. >= 917504 and . <= 917999);
def revealed:
  if utf8bytelength == length then .
  elif any(explode[]; is_invisible) then [explode[] | if is_invisible then "\\u" + hexadecimal else [.] | implode end] | add
  else . end;

# visible_text: text of many lines: line breaks stay, tabs become blanks, and the rest is as in a cell.
def visible_text: split("\n") | map(gsub("\t"; "    ") | visible) | join("\n");

# wrapped($width): a line as lines of at most this width; of any width if it is 0.
def wrapped($width):
  if $width <= 0 or display_width <= $width then [.]
  else
    reduce explode[] as $scalar ({lines: [], line: [], used: 0};
      ($scalar | scalar_width) as $own
      | if .used + $own > $width then .lines += [.line | implode] | .line = [$scalar] | .used = $own
        else .line += [$scalar] | .used += $own end)
    | .lines + [.line | implode]
  end;

# sql_lines($look): a statement, every character of it, as an array of lines behind a bar: no part of it can be taken for ours.
def sql_lines($look):
  split("\n") | map(gsub("\t"; "    ") | visible | revealed
    | wrapped(if $look.width > 0 then [$look.width - 5, 20] | max else 0 end)[]
    | "  │ " + if $look.colour and . != "" then "\u001b[36m" + . + "\u001b[0m" else . end);

def counted_more($noun): "\(.) more \($noun)\(if . == 1 then "" else "s" end)";

# The output of a turn: `line` is whether the cursor is at the beginning of one, `status` whether a line stands there that will be erased.
def erase: if .status then .out += "\r\u001b[K" | .status = false else . end;
def fresh: erase | if .line then . else .out += "\n" | .line = true end;
def put($text): if $text == "" then . else erase | .out += $text | .line = ($text | endswith("\n")) end;
def put_line($text): fresh | put($text + "\n");
def status($text; $look):
  if $look.live then fresh | .out += ($text | shorten(if $look.width > 20 then $look.width - 1 else 79 end) | dim($look)) | .status = true else . end;

def tool_line: "· \(.tool // "" | visible_line): \(.summary // "" | visible_line) …";
def tool_end: "\(.outcome | visible_line)\(if .errorCode then " (\(.errorCode | visible_line))" else "" end) \(.durationMs | duration)";

def event($event; $look):
  if $event.event == "started" then .tell = {threadId: $event.threadId} | status("…"; $look)
  elif $event.event == "text" then
    if $look.text then
      ($event.text // "") as $text
      | (if .said == "" then $text | sub("^\\s+"; "") else $text end) as $text
      | .said += $text | put($text | visible_text)
    else . end
  elif $event.event == "toolCall" then .said = "" | status($event | tool_line; $look)
  elif $event.event == "toolResult" then
    put_line($event | tool_line + " " + (.toolUse | tool_end) | dim($look)) | status("…"; $look)
  elif $event.event == "sql" then
    # One that was only prepared stands in the answer too, or is shown at its end.
    if $event.statement.queryId then put_line($event.statement.sql | sql_lines($look) | join("\n")) else . end
  elif $event.event == "approvalNeeded" then put_line("· a statement that writes waits for you" | dim($look))
  else . end;

# answer($message; $look): what of the reply was not shown by then.
def answer($message; $look):
  (if $look.text then
    (if (.said | test("\\S")) then . elif $message.text != "" then put_line($message.text | visible_text) else . end)
    | (.said | if test("\\S") then . else $message.text end) as $said
    | reduce ($message.statements // [] | .[] | select((.queryId | not) and (.sql as $sql | $said | contains($sql) | not))) as $statement (.;
        put_line("Checked, and not run:" | dim($look)) | put_line($statement.sql | sql_lines($look) | join("\n")))
  else . end)
  | fresh;

# One message from the daemon into the state: `out` is to be printed, `tell` to be known, `end` is the reply.
def turn_step($message; $look):
  .out = "" | .tell = null
  | if $message.id == "attach" then .refused = $message.error
    elif $message.method == "chat/event" then event($message.params; $look)
    elif $message.method then .
    elif $message | has("error") then
      fresh
      | .end = {error: ((if $message.error.data.code == "unauthenticated" and .refused then .refused else $message.error end)
          | {code, message, data})}
    else answer($message.result; $look) | .end = {result: $message.result} end;

# turn($id; $look): print a turn as it happens, until the reply to request $id, which `debug` hands on as the thread's id before.
def turn($id; $look):
  label $finish
  | foreach (inputs | select(.method != null or .id == $id or .id == "attach" or (.id == null and has("error")))) as $message
      ({line: true, status: false, said: ""};
      turn_step($message; $look);
      (if .out != "" then .out else empty end),
      (if .tell then .tell | debug | empty else empty end),
      (if .end then (.end | debug | empty), break $finish else empty end));

# usage_line: what a turn took.
def usage_line:
  .usage as $usage
  | [ (if .model then "model \(.model | visible_line)" else "no model" end),
      (if $usage.steps > 0 then $usage.steps | counted("step") else empty end),
      ($usage.toolCalls | counted("tool call")),
      (if $usage.corrections > 0 then $usage.corrections | counted("correction") else empty end),
      (if $usage.promptTokens + $usage.completionTokens > 0 then
        "\(if $usage.estimated then "about " else "" end)\($usage.promptTokens) + \($usage.completionTokens) tokens" else empty end),
      ($usage.durationMs | duration) ]
  | join(" · ");

# The last statement of a reply that has rows, or else the last one.
def last_statement: (.statements // []) | ((map(select(.queryId)) | last) // last);

# rows_lines($columns; $look; $cell): an array of rows as the lines of a table.
def rows_lines($columns; $look; $cell):
  {columns: $columns, page: {rows: .}, first: 0, opened: true}
  | .cells = table_cells
  | .widths = table_widths(.cells; $look.width; $cell)
  | . as $state
  | .right = [range($columns | length) as $i
      | $columns[$i].encoding as $encoding | all($state.page.rows[]; .[$i] | is_number($encoding))]
  | table_lines(.cells);

# statement_table($statement; $most; $look; $more): of a page of rows of a statement, at most $most as a table, and how to see the rest.
def statement_table($statement; $most; $look; $more):
  (.columns // $statement.columns // []) as $columns
  | (.totalRows // $statement.rowCount // (.rows | length)) as $total
  | (if .totalRows then .truncated == true else .hasMore == true or $statement.truncated == true end) as $beyond
  | if ($columns | length) == 0 then empty
    else
      .rows[:$most] as $rows
      | ($rows | rows_lines($columns; $look; 40)),
        (if ($rows | length) < $total or $beyond then
          ((if $total > ($rows | length) then $total - ($rows | length) | counted_more("row") else "more rows" end)
            + (if $beyond and $total > ($rows | length) then ", and maybe others" else "" end) + ": " + $more)
        else $total | counted("row") end | dim($look))
    end;

# minutes_left: how long until a time, in words.
def minutes_left:
  (sub("\\.[0-9]+Z$"; "Z") | fromdate) - (now | floor)
  | if . <= 0 then "it has expired" elif . < 90 then "\(.) s" else "\(. / 60 | round) min" end;

# proposal_lines($look; $project): a statement that would write, every character of it, and what is known of it.
def proposal_lines($look; $project):
  (("This would run" + (if $project != "" then " on \($project | visible)" else "" end) + " and change data:") | bright($look)),
  "",
  (.sql | sql_lines($look)[]),
  "",
  (if .reason and .reason != "" then "  why      \(.reason | visible_line)" else empty end),
  "  command  \(.command | visible_line)",
  "  touches  \(.relations | if length > 0 then map(visible_line | revealed) | join(", ") else "it cannot be told" end)",
  "  rows     \(if .rowsEstimate != null then "about \(.rowsEstimate), as the database expects" else "the database does not say how many" end)",
  "  expires  \(.expiresAt | short_time) UTC (\(.expiresAt | minutes_left))",
  "  id       \(.approvalId | visible_line)";

# written: what came of a statement that was approved.
def written($look):
  (if (.columns | length) > 0 then .columns as $columns | .rows | rows_lines($columns; $look; 40) else empty end),
  (.notices[]? | "\(.severity | visible): \(.message | visible_line)"),
  (.command | visible)
    + (if .affectedRows != null then ": \(.affectedRows | counted("row")) changed" else "" end)
    + " in \(.durationMs | duration)";

# consent: of an error, what the project's owner could agree to, as project.update takes it: {acceptedRights: […]},
# {shareSchema: true}, or nothing.
def consent:
  (.data.consent? | objects)
  | if .acceptedRights | type == "array" then {acceptedRights}
    elif .shareSchema == true then {shareSchema}
    else empty end;

# message_lines($look): a message of a conversation that is shown again.
def message_lines($look):
  (if .role == "user" then "> " + (.text | visible_text | gsub("\n"; "\n  ")) | bright($look) else .text | visible_text end),
  ((.statements // [])[] | select(.queryId) | .sql | sql_lines($look)[]),
  (if .outcome == "cancelled" then "(stopped)" elif .outcome == "failed" then "(failed)" else empty end | dim($look));

# context_lines($look): what would be sent.
def context_lines($look):
  def yes: if . then "yes" else "no" end;
  (.messages[] | ("[\(.role), about \(.tokens) tokens]" | dim($look)), (.text | visible_text)),
  "",
  "To \(if .model then "\(.model | visible_line) at \(.host // "" | visible_line)" else "no model: none is configured" end): about \(.tokens) tokens; "
    + "tools: \(.tools | join(", "))",
  "schema: \(.shareSchema | yes); rows: \(.shareRows | yes); samples: \(.shareSamples | yes); masked columns: \(.maskedColumns)",
  "described: \(.relations | map(visible_line) | join(", "))" + (if .relationsOmitted > 0 then "; \(.relationsOmitted) left out" else "" end)
    + "; confirmed examples: \(.examplesUsed)"
    + (if .messagesCompacted > 0 then "; \(.messagesCompacted) older messages shortened" else "" end);

# assistant_lines: what a project's owner lets a model see.
def assistant_lines:
  def consent: if . == null then "for a model on this machine only" elif . then "yes" else "no" end;
  (.assistant // {})
  | "model    \(.model // "the default" | visible_line)",
    "schema   \(.shareSchema | consent)",
    "rows     \(.shareRows | consent)",
    "samples  \(.shareSamples // false | consent)",
    "masked   \(.maskedColumns // [] | if length == 0 then "no column" else map(visible_line) | join(", ") end)",
    "rights   \(.acceptedRights // [] | if length == 0 then "none accepted" else (map(visible_line) | join(", ")) + " accepted" end)";
