extension RequestCommand {
  // Paragraphs are wrapped where they are shown.
  static let help = #"""
    Example:
      xodb-req -d proj 'select name from crs_view where code = ?1' 4326
      xodb-req -d proj < queries.sql | jq -r .name
      cut -f 1 codes | xodb-req -d proj --each 'select … where code = ?1'

    With SQL on the command line, all that follows it are values for its parameters. A value that \#
    SQLite would print exactly so is an INTEGER or REAL; everything else is TEXT, 02134 too.

    Without SQL, statements are read from standard input. Each ends with ';', the last one may \#
    lack it. With --each the fields of a line lie between tabs and are read as -f tsv writes \#
    them: \t, \n, \r and \\ in text, \N is NULL, \x and hex digits a BLOB. An empty line is one \#
    empty text.

    Many queries are in flight at once; the answers are printed in the order of the input. A \#
    query that fails is reported on standard error and does not stop those behind it. Queries \#
    are sent again when the router is busy or was restarted.

    Exit status, that of the first query in the input that failed:
      0   everything was answered
      64  the command line is wrong
      65  a bad query: refused by SQLite, or it or its result is too large
      66  no such database
      69  no router answers
      70  the query crashed its workers, or the answer cannot be understood
      74  reading or writing failed
      75  try again: busy, or no answer in time
      77  not allowed
    """#
}
