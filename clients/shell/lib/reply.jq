# reply($id): of the messages that come, wait for the answer to request $id; give "ok" or "error", then its result or error.
def reply($id):
  label $found
  | foreach inputs as $message (
      {};
      if $message.id == "attach" then .refused = $message.error
      elif $message.id == $id or ($message.id == null and ($message | has("error"))) then .answer = $message
      else . end;
      if .answer == null then empty
      elif .answer | has("error") then
        (if .answer.error.data.code == "unauthenticated" and .refused then .refused else .answer.error end) as $error
        | ("error", ($error | tojson)), break $found
      else ("ok", (.answer.result | tojson)), break $found end
    );
