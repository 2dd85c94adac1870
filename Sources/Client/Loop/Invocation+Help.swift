extension Invocation {
  /// How queries are given, of which the help of each tool that takes them tells.
  package static let helpOnQueries = #"""
    With SQL on the command line, all that follows it are values for its
    parameters. A value that SQLite would print exactly so is an INTEGER or REAL;
    everything else is TEXT, 02134 too.

    Without SQL, statements are read from standard input. Each ends with ';', the
    last one may lack it. With --each the fields of a line lie between tabs and are
    read as -f tsv writes them: \t, \n, \r and \\ in text, \N is NULL, \x and hex
    digits a BLOB. An empty line is one empty text.

    Many queries are in flight at once; the answers are printed in the order of the
    input. A query that fails is reported on standard error and does not stop those
    behind it.
    """#

  /// The options of all tools that take queries.
  package static let helpOnOptions = #"""
      -d, --db DB          the database, by its name; several as 'logs-*' or a,b,c
      --db-column NAME     print a first column of this name, with the database's
      --skip-failed        of several databases, leave out those that fail: they are
                           reported, and the status is that of the first
      -f, --format FORMAT  how rows are printed: json, csv, tsv, or table, which has
                           to be whole first (default: table on a terminal,
                           otherwise json)
      --each SQL           run this once for each line of standard input, with its
                           fields as parameters
      --unordered          print results as they come, not in the order of the input
      --watch              print the rows at once, and again whenever they have
                           changed, each time with an empty line behind them, until
                           it is interrupted or fails
      --show SUBJECT       print what the router knows of these: databases, workers,
                           clients, queue, quarantine, peers, stats
      --databases          print the databases, and why one cannot be queried
      --timeout SECONDS    how long a query may take, up to the end of its result
                           (default: 30)
      --tries N            how often a query is sent, at most; otherwise as often as
                           its time allows
      --stats              say on standard error, at the end, what has become of the
                           queries and how long they took
    """#

  /// What the exit statuses mean that a query can have.
  package static let helpOnStatuses = #"""
    Exit status, that of the first query that failed, in the order of printing:
      0   everything was answered
      64  the command line is wrong
      65  a bad query: refused by SQLite, or it or its result is too large
      66  no such database
      69  no router answers
      70  the query crashed its workers or is quarantined for that, the answer
          cannot be understood, or a result was broken off in its middle
      74  reading or writing failed
      75  try again: busy, draining, or no answer in time
      77  not allowed
    """#
}
