# shellcheck shell=sh disable=SC2034,SC2154  # variables are shared with dbassist and the other files
# What `dbassist help` and `--help` print.

help_overview() {
    cat <<'END'
dbassist talks to dbassistd, the database assistant, over its Unix socket.

Usage: dbassist COMMAND [ARGUMENT...] [OPTION...]

Account
  signup EMAIL --name NAME   create an account and log in
  login EMAIL                log in; the session is kept for the next commands
  logout                     end the session
  whoami                     say who is logged in
  passwd                     change the password; ends every other session
  sessions                   list your sessions; sessions revoke ID or --others ends them
  token narrow               print a token that allows less, for a script or an agent

Databases
  projects                   list your projects
  project add NAME CONNECTION-STRING     register a database
  project show|test|rm|update PROJECT    look at, try, delete or change one
  query PROJECT [SQL]        run a statement and print its rows
  explain PROJECT [SQL]      show how the database would run a statement
  export PROJECT [SQL]       run a statement and write its rows as CSV, JSON, Markdown or SQL
  summarize PROJECT [SQL]    run a statement and print figures about its columns
  watch [PROJECT]            show your queries as they run
  history                    list your queries; --all --format csv or jsonl exports them
  forget QUERY-ID...         delete queries from history; or --project PROJECT, --before TIME
  stats [PROJECT]            show how often statements run and fail, and how long they take
  dashboard                  show your figures

What a database has
  tables PROJECT [PATTERN]   list tables and views
  describe PROJECT TABLE     show one: columns, keys, indexes, triggers
  search PROJECT WORD...     find tables and columns by name and comment
  relations PROJECT [TABLE [TO]]         show foreign keys, or how to join two tables
  refresh PROJECT            read all of it anew

The assistant
  chat PROJECT               talk with the assistant about a database
  ask PROJECT [QUESTION]     ask it one thing; --sql-only prints just the statement
  approve ID, decline ID     run what it proposed, or turn it down
  threads [PROJECT]          list conversations; thread show|title|rm ID
  examples PROJECT           list statements confirmed for the model; example add|rm
  models                     list the models it can ask; --test tries one
  assistant PROJECT          show or change what a model may see

The daemon
  health                     say whether it works
  wait                       wait until it answers
  methods                    list the methods of its protocol
  call METHOD [PARAM...]     call any of them
  coprocess                  pass messages of another program
  help [COMMAND|METHOD]      explain a command or a method

Options of every command
  --socket PATH   the daemon's socket (or DBASSIST_SOCKET; else dbassist/dbassistd.sock in $XDG_RUNTIME_DIR)
  --json          print the daemon's result as JSON
  -q, --quiet     no remarks on standard error; errors are still told
  --help          explain the command
  --version       print the version

Exit codes: 0 done, 1 usage, 2 no daemon, 3 not logged in or wrong password, 4 not found, conflict or invalid,
5 database or model out of reach, 6 statement failed, 7 refused, 8 busy or too many attempts, 9 cancelled or timed out,
10 internal, 130 interrupted.
END
}

help_password() {
    cat <<'END'

The password is asked for on the terminal and not shown; if standard input is no terminal, it is its first line. If
DBASSIST_PASSWORD_FILE names a file, it is that file's first line. It is never taken as an argument, where others would see it.
END
}

# help_command COMMAND
help_command() {
    case $1 in
    signup)
        echo 'Usage: dbassist signup [EMAIL] [--name NAME]'
        echo 'Create an account, log in and keep the session. What is missing is asked for on a terminal.'
        help_password
        ;;
    login)
        echo 'Usage: dbassist login [EMAIL]'
        echo 'Log in. The token is kept in dbassist/token under XDG_STATE_HOME (or ~/.local/state), which only you may read.'
        help_password
        ;;
    logout) printf '%s\n' 'Usage: dbassist logout' 'End the session at the daemon and forget its token.' ;;
    whoami) printf '%s\n' 'Usage: dbassist whoami [--json]' 'Say who is logged in, and until when. Exit code 3: nobody.' ;;
    passwd)
        echo 'Usage: dbassist passwd'
        echo 'Change the password. Every other session ends; this one goes on with a new token.'
        echo 'Without a terminal: the current password is the first line of standard input, the new one the second.'
        echo 'With DBASSIST_PASSWORD_FILE the current one comes from there, and only the new one is read.'
        ;;
    sessions)
        printf '%s\n' 'Usage: dbassist sessions [--json]' '       dbassist sessions revoke ID' \
            '       dbassist sessions revoke --others' 'List your sessions, end one, or end all but this one.'
        ;;
    token)
        cat <<'END'
Usage: dbassist token narrow [--method NAME]... [--project PROJECT]... [--read-only] [--until TIME] [--rate N] [--json]
Print a token that attaches to this session and allows only what is named: methods (query.run, or query.* for a namespace), projects,
reads, a time, so many requests a minute. Give it to a script or an agent in a file that DBASSIST_TOKEN_FILE names; it ends with the
session. The token is a secret.
END
        ;;
    projects)
        printf '%s\n' 'Usage: dbassist projects [--type postgresql|mysql|sqlite] [--text TEXT] [--json]' \
            'List your projects, newest first.'
        ;;
    project) help_project ;;
    query) help_query ;;
    explain) help_explain ;;
    tables)
        echo 'Usage: dbassist tables PROJECT [PATTERN] [--limit N] [--json]'
        echo 'List tables, views and the like. PATTERN is a name in any case, with * for any text and ? for one character; with a dot,'
        echo "what is before it is a pattern for the schema: 'sales.order*'. Rows and sizes are the database's own estimates."
        ;;
    describe)
        printf '%s\n' 'Usage: dbassist describe PROJECT TABLE [--json]' \
            'Show a table or view: columns, keys, indexes, checks, triggers, foreign keys from it and to it; of a view, its query.' \
            'TABLE may be SCHEMA.TABLE.'
        ;;
    search)
        printf '%s\n' 'Usage: dbassist search PROJECT WORD... [--limit N] [--json]' \
            'Find tables and columns that have all the words in their name or comment, the best first.'
        ;;
    relations)
        echo 'Usage: dbassist relations PROJECT [TABLE [TO]] [--json]'
        echo 'List foreign keys: all, or those from and to TABLE. With TO: the shortest way to join both, ready for SQL; other'
        echo 'foreign keys between the same tables are shown as comments. Exit code 4: there is no way.'
        ;;
    refresh)
        printf '%s\n' 'Usage: dbassist refresh PROJECT [--json]' \
            'Have the daemon read the schema anew: for changes that were made by other programs.'
        ;;
    export) help_export ;;
    summarize)
        echo 'Usage: dbassist summarize PROJECT [SQL|-] [-p VALUE]... [--max-rows N] [--timeout SECONDS] [--label TEXT] [--json]'
        echo 'Run one statement and print figures about each column of its rows: values, nulls, different values, the least, the'
        echo 'greatest, the mean, and the most frequent values. A ~ marks an estimate; the daemon keeps no more rows than its limit.'
        ;;
    history)
        help_history
        ;;
    forget)
        echo 'Usage: dbassist forget QUERY-ID... [--yes] [--json]'
        echo '       dbassist forget [--project PROJECT] [--before TIME] [--yes] [--json]'
        echo 'Delete queries from your history for good: those named, or those of a project, before a time, or both. Their figures go with'
        echo 'them. Queries that still run stay. TIME is a day, as 2026-01-05, or a time of RFC 3339; history --json shows the ids. On a'
        echo 'terminal it asks first unless --yes is given.'
        ;;
    stats)
        echo 'Usage: dbassist stats [PROJECT] [--since TIME] [--until TIME] [--limit N] [--json]'
        echo 'Show figures of your queries, or of those of a project: how many ran and failed and how long they took, by project, by day and'
        echo 'by statement without its values; N statements of each kind (5). TIME is a day, as 2026-01-05, or a time of RFC 3339; the period'
        echo 'is whole days in UTC, the last 30 unless --since says otherwise. history --shape lists the queries of a statement.'
        ;;
    watch)
        echo 'Usage: dbassist watch [PROJECT] [--limit N] [--json]'
        echo 'Show your queries as they run, on whatever connection: a screen on a terminal, else a line an event.'
        echo 'It goes on until Ctrl-C or, with --limit, until so many events. --json prints the events as they come.'
        ;;
    dashboard) printf '%s\n' 'Usage: dbassist dashboard [--days N] [--json]' 'Show your figures of the last N days (30).' ;;
    health)
        printf '%s\n' 'Usage: dbassist health [--json]' \
            'Say whether the daemon works. Exit code 0: it does; 2: it does not answer; 10: a part of it fails.'
        ;;
    wait)
        printf '%s\n' 'Usage: dbassist wait [--timeout SECONDS]' \
            'Wait until the daemon answers, at most 10 seconds or those given. Exit code 2: it did not.'
        ;;
    methods)
        printf '%s\n' 'Usage: dbassist methods [--json]' 'List the methods of the protocol; --json is the OpenRPC document.'
        ;;
    chat) help_chat ;;
    ask) help_ask ;;
    approve | decline) help_approve ;;
    models) help_models ;;
    threads | thread) help_threads ;;
    examples | example) help_examples ;;
    assistant) help_assistant ;;
    call) help_call ;;
    coprocess) help_coprocess ;;
    help) printf '%s\n' 'Usage: dbassist help [COMMAND|METHOD]' 'Explain a command, or a method as the daemon describes it.' ;;
    *) help_method "$1" ;;
    esac
}

help_history() {
    cat <<'END'
Usage: dbassist history [--project PROJECT] [--status STATUS] [--text TEXT] [--error TEXT] [--shape SHAPE] [--since TIME]
       [--until TIME] [--mode read|write] [--source editor|script|chat] [--limit N | --all] [--format table|csv|json|jsonl]

List your queries, newest first: 20 unless --limit says otherwise, or --all. csv and jsonl are printed as they come, so that a history
of any length can be exported.

STATUS is running, success, error or cancelled. TEXT is part of the SQL or of the label; with --error, of the error's message. SHAPE
is what dbassist stats shows of a statement. TIME is a day, as 2026-01-05, or a time of RFC 3339.

  dbassist history --all --format jsonl >history.jsonl
  dbassist history --error 'no such table' --since 2026-01-05
END
}

help_project() {
    cat <<'END'
Usage: dbassist project add NAME CONNECTION-STRING [--type TYPE] [--description TEXT] [--write]
       dbassist project show|test PROJECT
       dbassist project update PROJECT [--name NAME] [--description TEXT] [--connection STRING] [--write|--read-only]
       dbassist project rm PROJECT [--yes]

PROJECT is a name or an id. A project refuses every write unless it was made with --write.

The connection string is what the database's own tools take: postgresql://USER:PASSWORD@HOST/DATABASE, mysql://..., or the path
of an SQLite file. TYPE (postgresql, mysql or sqlite) is needed only where it does not tell. One with a password does not belong
on a command line, where others may see it: write - in its place and it is read from standard input, unseen on a terminal.

test tries each step of reaching the database; its exit code is that of the step that failed, 0 if none did.
rm deletes the project and its history, not the database; on a terminal it asks first unless --yes is given.

  dbassist project add shop /srv/shop.sqlite
  pass show shop-db | dbassist project add shop - --type postgresql
END
}

help_query() {
    cat <<'END'
Usage: dbassist query PROJECT [SQL|-] [-p VALUE]... [--write] [--format table|csv|json|jsonl] [--max-rows N]
       [--timeout SECONDS] [--wide] [--label TEXT]

Run one statement and print its rows as they arrive, however many there are. Without SQL, or with -, it is read from standard
input. PROJECT is a name or an id. Nothing can be changed unless --write is given and the project allows writes.

  -p, --param VALUE  the value of the next placeholder (? or $1), as text; :=JSON gives any other value: -p :=5, -p :=null,
                     -p ':={"$base64":"3q2+7w=="}'
  --format table     aligned; NULL for null; cells end in ... where they do not fit (40 columns if the output is no terminal);
                     control characters are shown as \n, \x1b
  --format csv       RFC 4180 with a header; null is empty, an empty text is ""
  --format json      one array of objects; jsonl: an object a line. A column's name that comes twice gets _2, _3
  --wide             cut no cell of a table
  --max-rows N       stop after N rows; said on standard error if there were more
  --timeout SECONDS  stop the statement after this time
  --label TEXT       a name for it in history

Ctrl-C stops the statement at the database. Rows go to standard output; counts, notices and errors to standard error.

  dbassist query shop 'SELECT title, price FROM books WHERE author_id = ?' -p :=7
  dbassist query shop --format csv <report.sql >report.csv
END
}

help_explain() {
    cat <<'END'
Usage: dbassist explain PROJECT [SQL|-] [-p VALUE]... [--analyze] [--timeout SECONDS] [--json]

Show how the database would run a statement: a line a step, each under the one that takes its rows. #1 to #3 mark the steps that
cost most on their own. The statement is given as for dbassist query, and does not run.

  --analyze          run it and measure; it may only read. Not for SQLite
  --json             all of it, with the database's own plan

  dbassist explain shop 'SELECT title FROM books WHERE author_id = ?' -p :=7
END
}

help_export() {
    cat <<'END'
Usage: dbassist export PROJECT [SQL|-] [-p VALUE]... [--write] [--format csv|json|jsonl|markdown|sql] [--output FILE]
       [--table NAME] [--max-rows N] [--timeout SECONDS] [--label TEXT]

Run one statement and write its rows as the daemon converts them. The daemon keeps the rows meanwhile, and so stops at its limit
(100000 rows) unless --max-rows sets another; standard error says so. A cell that is too long to be kept whole is an error.

  --format csv       (the default) a header; null is empty, an empty text is ""
  --format json      one array of objects; jsonl: an object a line
  --format markdown  a table
  --format sql       INSERT statements for the same kind of database, into the table that --table names
  --output FILE      write a file that only you may read, and give it its name once it is whole
  -p, --write, --max-rows, --timeout, --label  as for query

  dbassist export shop 'SELECT * FROM books' --output books.csv
  dbassist export shop 'SELECT * FROM books' --format sql --table books_copy >books.sql
END
}

help_call() {
    cat <<'END'
Usage: dbassist call METHOD [KEY=TEXT|KEY:=JSON]...
       dbassist call METHOD JSON|-

Call any method of the protocol and print its result as JSON. dbassist methods lists them, dbassist help METHOD explains one.

  key=text     a string
  key:=json    a number, true, null, an array, ...
  key=@FILE    a string from a file, key=@- from standard input: for what is secret; key:=@FILE for JSON
  JSON         all params at once; - reads them from standard input

  dbassist call dashboard.get days:=7
  dbassist call project.create name=shop databaseType=postgresql connectionString=@shop.url
  dbassist call query.history '{"status": "error", "limit": 5}'
END
}

help_coprocess() {
    cat <<'END'
Usage: dbassist coprocess

Connect standard input and output to the daemon, with your session: one JSON-RPC message a line, either way. For programs that
can start another one but cannot open a Unix socket. When the input ends, so does the connection; read the replies before.
Exit code 3: the session has ended.
END
}

command_help() {
    case $# in
    0) help_overview ;;
    1) help_command "$1" ;;
    *) usage_error "help takes one command or method." ;;
    esac
}
