"""Case 9: the threads of one process, beside the processes."""

import statistics

import data
import measure
from cluster import Cluster
from measure import in_turn, part, timed, timed_to_pipe
from single import SQL
from table import Row
from tables import ALL

THREADS = 2


def node(bench):
    """The same queries through xodb-node, and through a cluster with as many workers."""
    folder, ids = bench.table_folder, f"{bench.temporary}/ids"

    def request(*arguments):
        return [bench.tool("xodb-node"), "--data", folder, "--threads", THREADS, *arguments]

    def stream(command):
        def lookup(first, count):
            data.write_ids(ids, first, count, bench.sizes.rows)
            with open(ids, "rb") as values:
                return timed(bench, command("-d", "kv", "--each", data.LOOKUP), stdin=values)[0][0]
        # Longer than elsewhere: the cluster has read the table before, the node begins anew each time.
        return measure.rate(bench, lookup, bench.sizes.rows, times=3)

    def whole(command):
        return lambda _: timed_to_pipe(bench, command)

    def median_ms(command):
        return lambda _: 1000 * statistics.median(
            seconds for seconds, _ in timed(bench, command, bench.sizes.processes))

    with Cluster(bench, folder) as cluster:
        results = in_turn(bench.runs, {
            "stream": stream(request), "stream, processes": stream(cluster.request),
            "csv": whole(request("-d", "kv", "-f", "csv", ALL)),
            "csv, shell": whole(["sqlite3", "-csv", "-header", bench.table, ALL]),
            "one": median_ms(request("-d", "kv", SQL)),
            "one, processes": median_ms(cluster.request("-d", "kv", SQL))})
    yield Row("9", "lookups, xodb-node : xodb-req", "/s", results["stream"],
              results["stream, processes"], ">= 1")
    yield Row("9", "all rows as csv, xodb-node : sqlite3 shell", "s", part(results["csv"], 0),
              part(results["csv, shell"], 0), "<= 1")
    yield Row("9", "one query, xodb-node : xodb-req", "ms", results["one"],
              results["one, processes"])
