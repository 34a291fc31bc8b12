include "table";

# uuid($random): a UUIDv7 (RFC 9562) of the time and 20 random hexadecimal digits.
def uuid($random):
  (now * 1000 | floor | hexadecimal) as $time
  | ("000000000000"[:12 - ($time | length)] + $time) as $time
  | "\($time[:8])-\($time[8:])-7\($random[:3])-\("89ab"[($random[3:4] | explode[0]) % 4:][:1])\($random[4:7])-\($random[7:19])";

# Names made unique, so that no column hides another in an object.
def unique:
  reduce .[] as $name ([];
    . as $taken
    | . + [if any($taken[]; . == $name) | not then $name
        else first(range(2; infinite) | "\($name)_\(.)" | select(. as $new | any($taken[]; . == $new) | not)) end]);

# text($encoding; $marked): a cell as text; null stays. The wire's own objects are told from JSON of the database by the column.
def text($encoding; $marked):
  if type == "string" or type == "null" then .
  elif type != "object" then tojson
  elif has("$truncated") then .["$truncated"] | .prefix + (if $marked then "… (\(.bytes) bytes)" else "" end)
  elif $encoding != "dynamic" then tojson
  else .["$base64"] // .["$integer"] // .["$float"] // tojson end;

def shortened: [.rows[][] | objects | select(has("$truncated"))] | length;

def row_object($names): . as $row | reduce range($names | length) as $i ({}; .[$names[$i]] = $row[$i]);

# Each format: from the state (columns, names, page, index of its first row, widths) the lines of this page.
def csv_lines:
  (.columns | map(.encoding)) as $encodings
  | (if .first == 0 and .opened then .columns | map(.name) | @csv else empty end),
    (.page.rows[] | [range(length) as $i | .[$i]
      | if type == "object" or type == "array" then text($encodings[$i]; false) else . end] | @csv);

def jsonl_lines: .names as $names | .page.rows[] | row_object($names) | tojson;

def json_lines:
  .names as $names
  | (if .opened then "[" else empty end),
    (.first as $first | .page.rows | range(length) as $i | .[$i]
      | (if $first + $i == 0 then "" else "," end) + (row_object($names) | tojson)),
    (if .page.hasMore then empty else "]" end);

# Cells of the page as texts; a page that is plain, as most are, is looked through once and not cell by cell.
def table_cells:
  (.columns | map(.encoding)) as $encodings
  | [.page.rows[] | [range(length) as $i | .[$i]
      | if . == null then "NULL" elif type == "string" then . else text($encodings[$i]; true) end]]
  | is_plain as $plain
  | {plain: $plain, rows: (if $plain then . else map(map(visible)) end)};

def is_number($encoding):
  if $encoding == "dynamic" then type == "number" or type == "null" or (type == "object" and (has("$integer") or has("$float")))
  else $encoding == "integer" or $encoding == "float" or $encoding == "decimal" end;

# The widths of the first page hold for the next ones and only grow.
def table_widths($cells; $limit; $cell):
  (.columns | map(.name | visible)) as $names
  | ($cells.rows | natural($names; $cells.plain)
      | if $cell == 0 then . elif $limit == 0 then map([., $cell] | min) else fit($limit - 2; 3) end) as $new
  | (.widths // $new) as $old
  | [range($new | length) as $i | [$old[$i], $new[$i]] | max];

def table_lines($cells):
  .widths as $widths | .right as $right
  | (if .opened then
      (.columns | map(.name | visible) | " " + line($widths; map(false); " | "; false)),
      ($widths | map("-" * (. + 2)) | join("+"))
    else empty end),
    ($cells.rows[] | " " + line($widths; $right; " | "; $cells.plain));

# One message from the daemon into the state.
def take($message; $format; $limit; $cell):
  if $message.id == "attach" then .refused = $message.error
  elif $message | has("error") then
    .error = (if $message.error.data.code == "unauthenticated" and .refused then .refused else $message.error end)
  else
    .opened = (has("columns") | not)
    | if .opened then
        .columns = $message.result.columns | .names = (.columns | map(.name) | unique)
        | .totals = ($message.result | {command, affectedRows, durationMs, notices}) | .resultId = $message.result.resultId
        | .count = 0 | .cut = 0
      else . end
    | .page = $message.result | .first = .count | .count += (.page.rows | length) | .cut += (.page | shortened)
    | .truncated = .page.truncated
    | if $format == "table" then
        .cells = table_cells | .widths = table_widths(.cells; $limit; $cell)
        | if .opened then
            . as $state
            | .right = [range($state.columns | length) as $i
                | $state.columns[$i].encoding as $encoding
                | all($state.page.rows[]; .[$i] | is_number($encoding))]
          else . end
      else . end
  end;

# result: read the replies to query.run and query.fetch and print the rows; the next page is asked for, by `debug`, before this
# one is printed.
def result($format; $limit; $cell):
  label $finish
  | foreach (inputs | select(has("id") and .id != "cancel")) as $message ({};
      .page = null | take($message; $format; $limit; $cell);
      if .error then (.error | {code, message, data} | debug | empty), break $finish
      elif .page == null then empty
      else
        (if .page.hasMore then
          {jsonrpc: "2.0", id: "query", method: "query.fetch", params: {resultId: .resultId, cursor: .page.nextCursor}}
          | debug | empty
        else empty end),
        (if (.columns | length) == 0 then (if $format == "json" then "[]" else empty end)
        elif $format == "csv" then csv_lines
        elif $format == "jsonl" then jsonl_lines
        elif $format == "json" then json_lines
        else table_lines(.cells) end),
        (if .page.hasMore then empty
        else ({rows: .count, columns: (.columns | length), truncated, cut, totals} | debug | empty), break $finish end)
      end);

def counted($noun): "\(.) \($noun)\(if . == 1 then "" else "s" end)";

# summary: what is to be said of a whole result besides its rows.
def summary:
  (.totals.notices[]? | "\(.severity | visible): \(.message | visible_line)"),
  (if .columns > 0 then (.rows | counted("row"))
   else (.totals.command | visible)
     + (if .totals.affectedRows != null then ": " + (.totals.affectedRows | counted("row")) + " changed" else "" end) end)
    + " in \(.totals.durationMs) ms",
  (if .truncated then "The result has more rows than these: it stopped at its limit. --max-rows N sets another." else empty end),
  (if .cut > 0 then (.cut | counted("cell")) + " longer than the daemon's limit: only the beginning is shown." else empty end);
