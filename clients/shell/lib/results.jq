include "rows";
include "table";

# value: a cell as one short text.
def value:
  if . == null then null
  elif type == "object" and has("$truncated") then .["$truncated"].prefix + "…"
  elif type == "object" then .["$base64"] // .["$integer"] // .["$float"] // .["$text"] // tojson | tostring
  elif type == "string" then .
  else tojson end
  | if . == null then null else visible_line | shorten(24) end;

def figure: if . == null then null else . * 10000 | round / 10000 | tostring end;

# summary_table: a line a column.
def summary_table:
  .columns
  | map([.name, .type, (.count | tostring), (.nulls | tostring),
      (if .distinctIsEstimate then "~" else "" end) + (.distinct | tostring),
      (.min | value), (.max | value), (.mean | figure),
      (.topValues | map("\(.value | value) (\(if .overcount > 0 then "≤ " else "" end)\(.count))") | join(", "))])
  | list(["COLUMN", "TYPE", "COUNT", "NULLS", "DISTINCT", "MIN", "MAX", "MEAN", "MOST FREQUENT"]);

# part($format): what is printed of an answer.
def part($format):
  if has("text") then .text
  elif $format == "json" then tojson, "\n"
  else summary_table | ., "\n" end;

def request($id; $method; $params): {jsonrpc: "2.0", id: $id, method: $method, params: $params};

# result: read the reply to query.run, ask for $request on the result that is kept, part by part, print the parts, and close the result.
def result($request; $format):
  label $finish
  | foreach (inputs | select(has("id") and .id != "cancel")) as $message ({rows: 0, cut: 0};
      .part = null | .ask = null | .end = null
      | if $message.id == "attach" then .refused = $message.error
        elif $message | has("error") then
          .error = (if $message.error.data.code == "unauthenticated" and .refused then .refused else $message.error end
            | {code, message, data})
          | if .resultId and $message.id != "close" then .ask = request("close"; "query.close"; {resultId}) else .end = .error end
        elif $message.id == "query" then
          ($message.result | .columns | length) as $columns
          | .totals = ($message.result | {command, affectedRows, durationMs, notices})
          | .columns = $columns | .truncated = false | .resultId = $message.result.resultId
          | if .resultId then .ask = request("part"; $request.method; $request.params + {resultId})
            else .end = {rows, columns, truncated, cut, totals} end
        elif $message.id == "part" then
          .part = $message.result
          | .rows += .part.rowCount | .cut += (.part.truncatedCells // 0) | .truncated = .part.truncated
          | .ask = (if .part.nextCursor
              then request("part"; $request.method; $request.params + {resultId, cursor: .part.nextCursor})
              else request("close"; "query.close"; {resultId}) end)
        elif $message.id == "close" then .end = (.error // {rows, columns, truncated, cut, totals})
        else . end;
      (if .ask then .ask | debug | empty else empty end),
      (if .part then .part | part($format) else empty end),
      (if .end then (.end | debug | empty), break $finish else empty end));
