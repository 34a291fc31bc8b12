include "table";
include "errors";

# distance($other): how many characters must be added, removed or changed.
def distance($other):
  explode as $a | ($other | explode) as $b
  | reduce range($a | length) as $i ([range(($b | length) + 1)];
      . as $above
      | reduce range($b | length) as $j ([$i + 1];
          . + [[.[-1] + 1, $above[$j + 1] + 1, $above[$j] + (if $a[$i] == $b[$j] then 0 else 1 end)] | min]))
  | .[-1];

# resolve($name): of a list of projects, "id …" of the one with this name, or a sentence that says why there is none.
def resolve($name):
  ($name | visible) as $shown
  | (.items | map(select(.name == $name))) as $same
  | (.items | map(select((.name | ascii_downcase) == ($name | ascii_downcase)))) as $alike
  | if ($same | length) == 1 then "id " + $same[0].id
    elif ($alike | length) == 1 then "id " + $alike[0].id
    elif ($alike | length) > 1 then
      "The name '\($shown)' could be \($alike | map("'\(.name | visible)'") | join(" or ")); write it exactly."
    elif (.items | length) == 0 then "You have no projects yet; add one with dbassist project add."
    else
      ($name | ascii_downcase) as $wanted
      | ([.items[].name
          | {name: ., far: (ascii_downcase | .[:50] | distance($wanted[:50])), in: (ascii_downcase | contains($wanted))}]
        | map(select(.in or .far <= 3)) | sort_by(.far) | .[:3] | map("'\(.name | visible)'")) as $near
      | "You have no project '\($shown)'."
        + (if ($near | length) > 0 then " Did you mean \($near | join(" or "))?" else " dbassist projects lists them." end)
    end;

# test_code: the exit code of a project.test: 0, or the one a query would give for the step that failed.
def test_code:
  if .ok then 0
  else
    (first(.steps[] | select(.status == "failed")) // {code: "connection_failed"}) as $failed
    | {data: {code: $failed.code}, code: (
        if $failed.code == "policy" or $failed.code == "read_only" then 1103
        elif $failed.code == "invalid_connection_string" then -32602
        elif $failed.code == "timeout" then -32802
        elif $failed.code == "query_failed" then 1102
        else 1101 end)}
    | exit_code
  end;
