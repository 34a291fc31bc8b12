include "table";

# exit_code: the exit code of an error, by its class. Programs branch on data.code; the number serves errors newer than this.
def exit_code:
  (.data.code // "") as $code
  | if $code == "timeout" or $code == "cancelled" then 9
    elif $code == "shutting_down" then 8
    elif .code == 1001 or .code == 1002 then 3
    elif .code == 1003 or .code == 1103 then 7
    elif .code == 1004 or .code == 1005 then 4
    elif .code == 1101 or .code == 1201 then 5
    elif .code == 1102 then 6
    elif .code == 1006 or .code == 1202 or .code == -32009 then 8
    elif .code == -32800 or .code == -32802 then 9
    elif .code as $number | [-32700, -32600, -32601, -32602, -32002, -32007, -32008, -32010] | any(.[]; . == $number) then 4
    else 10 end;

# caret($sql): the line of the statement that `position` points into, and a caret below. Positions count scalars from 1.
def caret($sql):
  (.data.position // 0) as $position
  | if ($position | type) != "number" or $position < 1 or $sql == "" then empty
    else
      ($sql | explode) as $all
      | ($all[:$position - 1] | rindex([10]) // -1) as $before
      | ($all[$before + 1:] | (index([10]) // length)) as $length
      | $all[$before + 1:$before + 1 + $length] as $line
      | ($position - $before - 2) as $column
      | (if $column > 60 then $column - 50 else 0 end) as $from
      | ($line[$from:$from + 100] | implode | visible_line) as $text
      | ($line[$from:$column] | implode | visible_line | display_width) as $indent
      | "  " + (if $from > 0 then "…" else "" end) + $text + (if ($line | length) > $from + 100 then "…" else "" end),
        "  " + (if $from > 0 then " " else "" end) + blanks($indent) + "^"
    end;

def report($sql):
  "dbassist: " + (.message // "The daemon answered an error without a message." | visible_line)
    + (if .data.sqlState then " (SQLSTATE \(.data.sqlState | visible_line))" else "" end),
  caret($sql),
  (if .data.path then "  parameter: \(.data.path | tostring | visible_line)" else empty end),
  (if .data.hint then "  hint: \(.data.hint | visible_line)" else empty end),
  (if .data.retryAfterMs then "  try again in \(.data.retryAfterMs / 1000 | ceil) s" else empty end),
  (if .data.code == "unauthenticated" then "  hint: log in with dbassist login EMAIL." else empty end),
  # Refused though it was asked for, and not by the database.
  (if .data.code == "read_only" and $ARGS.named.write != "" and (.data.sqlState | not)
    then "  hint: allow it with dbassist project update PROJECT --write." else empty end),
  (if .data.code == "internal" and .data.requestId then "  request: \(.data.requestId | visible_line)" else empty end);
