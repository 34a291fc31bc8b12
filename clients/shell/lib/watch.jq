# The events of a subscription, as a screen that is drawn anew, as lines, or as JSON.

include "table";

def statement: (.label // .sql) | visible_line | gsub(" +"; " ");

def clip($width): if $width > 0 then shorten($width) else . end;

# Running queries, and the last that have ended, as `top` shows processes.
def screen($width):
  (.running | [.[]] | sort_by(.startedAt)) as $running
  | [ "dbassist watch: \($running | length) running, \(.count) ended",
      "",
      ($running | map([(.elapsedMs | duration), .phase, .rowCount, (.bytes | size), .projectName, .mode, statement])
        | list(["TIME", "PHASE", "ROWS", "SIZE", "PROJECT", "MODE", "STATEMENT"])),
      (if ($running | length) > 0 then "" else empty end),
      (.ended | map([.event, (.durationMs | duration), (.affectedRows // .query.rowCount), .query.projectName,
          ((if .errorMessage then "\(.errorMessage | visible_line): " else "" end) + (.query | statement))])
        | list(["ENDED", "TIME", "ROWS", "PROJECT", "STATEMENT"])) ]
  | "\u001b[H\u001b[2J" + (map(clip($width)) | join("\n"));

def event_line:
  if .event == "missed" then "missed     \(.missed) events: we read too slowly"
  else
    [ (.event + " " * (9 - (.event | length))), .query.projectName,
      ((.durationMs // .query.elapsedMs) | duration), "\(.affectedRows // .query.rowCount) rows",
      (.errorMessage // empty | visible_line), (.query | statement | shorten(200)) ]
    | map(select(. != "")) | join("  ") end;

def ended: .event == "finished" or .event == "failed" or .event == "cancelled";

def draw($format; $width):
  if $format == "screen" then screen($width)
  elif .event == null then empty
  elif $format == "json" then .event | tojson
  else .event | select(.event != "progress") | event_line end;

# update: what is known after one more message: `event` is it, if it is one.
def update($message):
  .event = null
  | if $message.id == "watch" then
      if $message.error then "refused: \($message.error | tojson)\n" | halt_error(4)
      else .running = ($message.result.running | map({(.queryId): .}) | add // {}) end
    elif $message.method == "query/event" then
      $message.params as $event
      | .event = $event
      | if $event.query == null then .
        elif $event | ended then
          del(.running[$event.query.queryId]) | .count += 1 | .ended = [$event] + .ended[:9]
        else .running[$event.query.queryId] = $event.query end
    else . end;

def drawn($format; $width):
  foreach inputs as $message ({running: {}, ended: [], count: 0, event: null}; update($message); draw($format; $width));

def watch($format; $width; $limit):
  if $limit > 0 then limit($limit; drawn($format; $width)) else drawn($format; $width) end;
