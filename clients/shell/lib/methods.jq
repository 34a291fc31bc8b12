include "table";

# deref($document): the schema that a $ref names.
def deref($document):
  if has("$ref") then .["$ref"] as $ref | $document.components.schemas[$ref | sub("^#/components/schemas/"; "")] // {} else . end;

# kind($document): a schema's type in a few words.
def kind($document):
  (.["$ref"] // "" | sub("^#/components/schemas/"; "")) as $name
  | deref($document)
  | if .enum then .enum | map(tojson) | join(" | ")
    elif .type == "array" then "array of " + (.items // {} | kind($document))
    elif $name != "" then $name
    elif (.type | type) == "array" then .type | join(" or ")
    elif .oneOf then [.oneOf[] | kind($document)] | join(" or ")
    else .type // "any" end
    + (if .format then " (\(.format))" else "" end);

def bounds:
  [if .minLength and .maxLength then "\(.minLength) to \(.maxLength) characters"
   elif .maxLength then "at most \(.maxLength) characters" else empty end,
   if .minimum != null and .maximum then "\(.minimum) to \(.maximum)" else empty end,
   if has("default") then "default \(.default | tojson)" else empty end]
  | join(", ");

def shell_quoted: "'" + gsub("'"; "'\\''") + "'";

# example: a method's first example as a command line.
def example($name):
  "dbassist call \($name | if test("\\$") then shell_quoted else . end)"
  + ((.["x-params"] // (.params | map({key: .name, value}) | from_entries)) | to_entries
    | map(" " + (if (.value | type) == "string" and (.value | test("^@") | not) then .key + "=" + .value
        else .key + ":=" + (.value | tojson) end
      | if test("[^A-Za-z0-9@%+=:,./_-]") then shell_quoted else . end)) | add // "");

# help($name): the page of a method; nothing if there is none.
def help($name):
  . as $document
  | .methods[] | select(.name == $name)
  | "\(.name): \(.summary)",
    (if .description then "", .description else empty end),
    "",
    (if (.params | length) == 0 then "It takes no params."
     else "Params:", (.params[]
       | "  \(.name)\(if .required then "  (required)" else "" end)  \(.schema | kind($document))"
         + (.schema | bounds | if . != "" then "; " + . else . end),
         "      \(.description // .schema.description // "")")
     end),
    "",
    "Result: \(.result.schema // {} | kind($document))",
    (.result.schema // {} | deref($document) | .properties // {} | keys_unsorted[] as $key
      | "  \($key)  \(.[$key] | kind($document))"),
    "",
    (if (.errors | length) > 0 then "Errors:", (.errors[] | (.["$ref"] // "" | sub("^#/components/errors/"; "")) as $code
       | "  \($code): \($document.components.errors[$code].message // "")") else "It answers no errors of its own." end),
    (if (.examples | length) > 0 then
      "", "Example (\(.examples[0].name)):", "  " + (.examples[0] | example($name)) else empty end);
