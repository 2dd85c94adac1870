internal import Client

extension Main {
  static let help = #"""
    usage: xodb-node --data DIR -d DB [OPTION …] [SQL [PARAM …]]
           xodb-node --data DIR --show SUBJECT
           xodb-node --data DIR --bind ENDPOINT --serve

    Runs queries on the SQLite files of a directory, which it only reads, in
    parallel, and prints the rows: a cluster whose router, workers and client are
    threads of this process.

      xodb-node --data ~/data -d proj < queries.sql
      xodb-node --data ~/data --bind tcp://127.0.0.1:13579 --serve

    \#(Invocation.helpOnQueries)

    Results of any size are printed as they come. Closing the pipe ends the
    statement, and with it the process unless others are served.

    Options:
      --data DIR           serve every SQLite file in this directory, by its name
                           without the extension, also those that appear later
      --threads N          how many queries run at once (default: one for each
                           processor, 48 at most)
      --bind ENDPOINT      be reachable here, for xodb-req --router and other
                           clients: loopback tcp, or ipc. Can be repeated
      --trust-network      listen also where other hosts can connect: whoever reaches
                           that may read all databases
      --serve              stay, when there are no more queries, until TERM or INT
      --peer ENDPOINT      a router or node to which queries are handed that the
                           threads here have no time for, or whose database is not
                           here. Can be repeated
      --io-threads N       ZeroMQ's own threads (default: 0, with --bind or --peer 1)
    \#(Invocation.helpOnOptions)
      -h, --help           print this

    With --bind, TERM and INT have it answer what it holds, read no more queries, and
    end, with status 75 when not all results of its own are printed. A second one ends
    it at once.

    A query that crashes ends the process. One that cannot be interrupted is left to
    its thread, and another one takes its place; when that happens to as many as
    there are and one more, the process ends.

    \#(Invocation.helpOnStatuses)
      71  the system refused something
      73  an endpoint is in use
      79  too many queries could not be interrupted

    """#
}
