# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# What `--help` prints of the assistant's commands.

help_chat() {
    cat <<'END'
Usage: dbassist chat PROJECT [--thread ID|--last] [--model NAME] [--mode answer|sql|explain]

Talk with the assistant about a project's database. The answer appears as it is written; what the assistant looks at meanwhile is
told in dim lines, with the statements it runs, all of them read-only, and the rows of those that the answer stands on.

A statement that would write is shown in full first, with what it touches. It runs only if you type y or yes at the terminal;
anything else declines it. The project must allow writes (dbassist project update PROJECT --write).

Before a model elsewhere sees anything of a database you are asked; dbassist assistant PROJECT shows and changes what you agreed to.
Without a model, questions about schema, history and plans are answered all the same; /help has examples.

  --thread ID     go on with a conversation; --last: with the latest one about the project
  --model NAME    ask this model of dbassist models, not the project's
  --mode sql      write and check statements, and do not run them; explain: explain them

Ctrl-C stops an answer and keeps the conversation; Ctrl-D ends it. A line that ends in \ goes on in the next one. With rlwrap
before it, lines can be edited.

END
    help_chat_commands
}

# help_chat_commands: what can be typed in a conversation.
help_chat_commands() {
    cat <<'END'
In a conversation:
  /sql [TEXT]       have a statement written and checked, not run; without TEXT: from now on
  /explain [TEXT]   have a statement explained
  /answer [TEXT]    have a question answered, as at the beginning
  /rows [N]         all rows of the last answer's statement, or of its N-th
  /good             confirm that the last statement answers the last question; it becomes an example for the model
  /context TEXT     show what would be sent to the model for TEXT, and send nothing
  /model [NAME]     ask another model; without NAME: the project's
  /threads          list conversations; /thread N goes on with one, /new begins one
  /title TEXT       give the conversation a title
  /quit             end

Without a model, ask for instance: What tables are there? - describe orders - How are orders and books related? -
How many rows are in books? - Show me 10 rows of books - What are the slowest queries? - Why did my last query fail?
END
}

help_ask() {
    cat <<'END'
Usage: dbassist ask PROJECT [QUESTION|-] [--thread ID|--last] [--model NAME] [--mode answer|sql|explain] [--sql-only|--json] [--wide]

Ask the assistant one question and print its answer: the text, then the rows of its last statement. Without QUESTION, or with -, it is
read from standard input. Each question begins a conversation unless --thread or --last names one. What happens meanwhile is told on
standard error, if that is a terminal.

A statement that would write is printed with its id and does not run: dbassist approve ID runs it.

  --sql-only      print the last statement and nothing else; it is checked, and not run unless --mode answer says so
  --json          print the daemon's reply
  --wide          cut no cell of a table

Exit code 5: the model cannot be reached or refused; 7: its owner has not allowed it to see the project, see dbassist assistant;
8: the tokens of the day are used up.

  dbassist ask shop 'Which ten books sold best this year?'
  dbassist ask shop 'orders without a customer' --sql-only | dbassist query shop --format csv >orders.csv
END
}

help_approve() {
    cat <<'END'
Usage: dbassist approve ID [--yes] [--json]
       dbassist decline ID

Run a statement that the assistant proposed, once, or turn it down. It is shown in full first, and on a terminal you are asked;
where there is no terminal, --yes says that you have read it. A proposal expires after some minutes.
END
}

help_models() {
    cat <<'END'
Usage: dbassist models [--json]
       dbassist models --test [NAME] [--json]

List the models that the daemon can ask, or test one, the default if none is named: each step from its address to a streamed answer,
and which setting to change where one fails. That costs a few tokens. Exit code: 0: all passed, 4: no model is configured, 5: a step failed.
END
}

help_threads() {
    cat <<'END'
Usage: dbassist threads [PROJECT] [--limit N | --all] [--json]
       dbassist thread show ID [--limit N] [--json]
       dbassist thread title ID TITLE
       dbassist thread rm ID [--yes]

List your conversations with the assistant, the latest first: 20 unless --limit says otherwise, or --all. thread show prints one, title
renames it, rm deletes it; the queries it ran stay in history. dbassist chat PROJECT --thread ID goes on with one.
END
}

help_examples() {
    cat <<'END'
Usage: dbassist examples PROJECT [--limit N | --all] [--json]
       dbassist example add PROJECT QUESTION [SQL|-] [--json]
       dbassist example rm ID

List the questions of a project whose statements you have confirmed, the latest first: 20 unless --limit says otherwise, or --all. The
model is shown those that are like what you ask; /good in dbassist chat confirms the last answer's.

example add confirms that a statement answers a question; without SQL, or with -, it is read from standard input. The database
prepares it first, and it must be one that reads. The same question confirmed again has its statement replaced. example rm takes one back.

  dbassist example add shop 'How many books are there?' 'SELECT count(*) FROM books'
END
}

help_assistant() {
    cat <<'END'
Usage: dbassist assistant PROJECT [--model NAME] [--share LIST] [--no-share LIST] [--mask COLUMN]... [--no-mask COLUMN]...
       [--accept RIGHT]... [--no-accept RIGHT]... [--json]

Show what the assistant may do with a project, or change what is named.

  --model NAME       the model to ask; default: the daemon's default
  --share LIST       what a model may see, of schema, rows and samples, with commas between, or all. Until you say, a model on
                     this machine may see schema and rows, and any other nothing
  --no-share LIST    what no model may see
  --mask COLUMN      a column whose values no model gets: COLUMN, TABLE.COLUMN or SCHEMA.TABLE.COLUMN
  --accept RIGHT     work with a database user that has this right, which reaches beyond its data; chat and ask name it
  --no-mask, --no-accept  take it back

  dbassist assistant shop --share schema,rows --mask customers.email
END
}
