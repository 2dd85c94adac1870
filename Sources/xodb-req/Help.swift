internal import Client

extension Main {
  static let help = #"""
    usage: xodb-req -d DB [OPTION …] [SQL [PARAM …]]
           xodb-req --show SUBJECT

    Runs queries on the databases of an XODB cluster and prints the rows.

      xodb-req -d proj 'select name from crs_view where code = ?1' 4326
      xodb-req -d proj < queries.sql | jq -r .name
      xodb-req -d 'logs-*' --db-column log 'select count(*) as lines from line'
      cut -f 1 codes | xodb-req -d proj --each 'select … where code = ?1'

    \#(Invocation.helpOnQueries)
    Queries are sent again when the router is busy or was restarted.

    Results of any size are printed as they come. One whose cluster is lost in its
    middle fails; it is not printed twice. Closing the pipe ends the statement.

    Options:
    \#(Invocation.helpOnOptions)
      --router ENDPOINT    where the router is (default: the run directory's)
      -h, --help           print this

    \#(Invocation.helpOnStatuses)

    """#
}
