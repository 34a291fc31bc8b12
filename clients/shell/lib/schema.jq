include "table";

def kind:
  {table: "table", partitionedTable: "partitioned table", view: "view", materializedView: "materialized view",
    foreignTable: "foreign table", virtualTable: "virtual table"}[.] // .;

# The relations of schema.list.
def tables:
  if (.items | length) == 0 then empty
  else
    .items | map([.schema, .name, (.kind | kind), .rowEstimate, (if .sizeBytes then .sizeBytes | size else null end),
        (.comment // "" | visible_line | shorten(60))])
    | list(["SCHEMA", "NAME", "KIND", "ROWS", "SIZE", "COMMENT"])
  end;

def columns: map(visible) | join(", ");

def action:
  {noAction: null, restrict: "RESTRICT", cascade: "CASCADE", setNull: "SET NULL", setDefault: "SET DEFAULT"}[.];
def actions:
  (if .onUpdate | action then " ON UPDATE \(.onUpdate | action)" else "" end)
  + (if .onDelete | action then " ON DELETE \(.onDelete | action)" else "" end);

# named($own): a relation as it is called beside another one of schema $own.
def named($own; $schema; $name): (if $schema == $own then "" else "\($schema | visible)." end) + ($name | visible);

def outgoing($own):
  (if .name then "\(.name | visible): " else "" end)
  + "(\(.columns | columns)) -> \(named($own; .toSchema; .toRelation)) (\(.toColumns | columns))" + actions;
def incoming($own):
  "\(named($own; .schema; .relation)) (\(.columns | columns)) -> (\(.toColumns | columns))" + actions;

def generation:
  {stored: "stored", virtual: "computed", identity: "identity", identityAlways: "identity, always",
    autoIncrement: "auto increment"}[.];

def column_row($keys):
  [ .name, .type, (if .nullable then "" else "not null" end), (.default // "" | visible_line | shorten(40)),
    ([ (if .primaryKey then "primary key" + (if $keys > 1 then " \(.primaryKey)" else "" end) else empty end),
       (.generated // empty | generation), (if .hidden then "hidden" else empty end),
       (if .labels then "(\(.labels | columns))" else empty end), (.comment // empty | visible_line) ] | join("; ")) ];

def index_line:
  "\(.name | visible)\(if .method then " \(.method)" else "" end) (\(.columns | columns))"
  + (if .includes then " INCLUDE (\(.includes | columns))" else "" end)
  + (if .primary then ", primary key" elif .unique then ", unique" else "" end)
  + (if .predicate then " WHERE \(.predicate | visible_line)" else "" end)
  + (if .valid == false then ", NOT VALID" else "" end);

def trigger_line:
  "\(.name | visible): "
  + ({before: "BEFORE", after: "AFTER", insteadOf: "INSTEAD OF"}[.timing]) + " " + (.events | map(ascii_upcase) | join(" OR "))
  + (if .perRow then ", each row" else "" end) + (if .enabled == false then ", switched off" else "" end)
  + (if .definition then ": " + (.definition | visible_line | gsub(" +"; " ") | shorten(200)) else "" end);

def section($title; $lines): if ($lines | length) > 0 then "", $title, ($lines[] | "    " + .) else empty end;

# A relation of schema.describe, as psql's \d shows one.
def describe:
  .alsoIn as $also
  | .relation
  | .schema as $own
  | (.primaryKey.columns // [] | length) as $keys
  | "\(.kind | kind | .[:1] | ascii_upcase)\(.kind | kind | .[1:]) \(.schema | visible).\(.name | visible)",
    (if .comment then .comment | visible_line else empty end),
    ([ (if .rowEstimate != null then "about \(.rowEstimate) rows" else empty end),
       (if .sizeBytes then .sizeBytes | size else empty end), (.storage // empty | visible),
       (if .partitionBy then "partitioned by \(.partitionBy | visible_line)" else empty end),
       (if .partitionOf then "partition of \(.partitionOf | visible)" else empty end),
       (if $also then "also in \($also | columns)" else empty end) ] | if length > 0 then join(", ") else empty end),
    "",
    (.columns | map(column_row($keys)) | list(["COLUMN", "TYPE", "NULL", "DEFAULT", "WHAT ELSE"])),
    section("Indexes"; .indexes | map(index_line)),
    section("Checks"; .checks | map((if .name then "\(.name | visible): " else "" end) + (.expression | visible_line))),
    section("Triggers"; .triggers // [] | map(trigger_line)),
    section("Query"; .definition // empty | [split("\n")[] | visible]),
    section("Foreign keys"; .foreignKeys | map(outgoing($own))),
    section("Referenced by"; .referencedBy | map(incoming($own)));

def hits:
  .items | map([
      "\(.schema).\(.relation)\(if .column then "." + .column else "" end)", (if .column then .type else .kind | kind end),
      .match + (if .matchedIn == "comment" then ", in the comment" else "" end),
      (.comment // "" | visible_line | shorten(60))])
  | list(["WHERE", "WHAT", "MATCH", "COMMENT"]);

def relations:
  .items | map([
      "\(.schema).\(.relation) (\(.columns | join(", ")))", "\(.toSchema).\(.toRelation) (\(.toColumns | join(", ")))",
      (actions | ltrimstr(" "))])
  | list(["FROM", "TO", "WHEN CHANGED"]);

# The path of schema.relations as a FROM clause, a line a join.
def path:
  .path as $path
  | ($path.from | visible_line | split(" JOIN ") | .[0]),
    ($path.steps[] | "  JOIN \(.identifier | visible_line) ON \(.condition | visible_line)",
      (.alternatives // [] | .[] | "    -- or ON \(visible_line)"));

def refreshed:
  "\(.relations) relations in \(if .schemas == 1 then "1 schema" else "\(.schemas) schemas" end): \(.columns) columns, \(.indexes) indexes, \(.foreignKeys) foreign keys, read in \(.durationMs | duration)";

# The plan of query.explain as a tree; what costs most is numbered.
def rounded: if . == null then null elif . >= 100 or . == floor then round else . * 100 | round / 100 end;

def plan:
  .costliest as $costliest
  | .analyzed as $analyzed
  | if (.nodes | length) == 0 then .plan | if type == "string" then split("\n")[] | visible else tojson end
    else
      (reduce .nodes[] as $node ({}; .["\($node.id)"] =
          (if $node.parentId == null then 0 else .["\($node.parentId)"] + 1 end))) as $depths
      | (.nodes | map(. as $node | [
          ($costliest | index($node.id) | if . == null then "" else "#\(. + 1)" end),
          ("  " * ($depths["\(.id)"])) // "",
          (.operation + (if .relation then " on \(.relation)" else "" end) + (if .index then " using \(.index)" else "" end)),
          (.cost | rounded), (.rows | rounded), (.actualRows | rounded), (.loops | rounded), (.actualMs | rounded),
          (.detail // "" | visible_line | shorten(80))]
        | [.[0], .[1] + .[2]] + .[3:])) as $rows
      | ($rows | map(if $analyzed then . else .[:4] + .[7:] end)
          | list(["", "STEP", "COST", "ROWS"] + (if $analyzed then ["REAL ROWS", "LOOPS", "MS"] else [] end) + ["DETAIL"])),
        (if .truncated then "There is more; --json shows the database's own plan." else empty end),
        ([ (if .planningMs then "planned in \(.planningMs | duration)" else empty end),
           (if .executionMs then "ran in \(.executionMs | duration)" else empty end) ]
          | if length > 0 then "", join(", ") else empty end)
    end;
