"""Cases 1 and 2: lookups of single rows, as a stream and in lock-step."""

import data
import measure
import processes
from cluster import STARTED, Cluster, PlainCluster
from measure import in_turn, part, timed
from table import Row

WINDOW = 256


def stream(bench):
    """Case 1. No key is looked up twice in a round."""
    def contestant(lookup):
        return measure.rate(bench, lookup, bench.sizes.rows)

    def request(cluster):
        path = f"{bench.temporary}/ids"

        def lookup(first, count):
            data.write_ids(path, first, count, bench.sizes.rows)
            with open(path, "rb") as ids:
                command = cluster.request("-d", "kv", "-f", "json", "--each", data.LOOKUP)
                return timed(bench, command, stdin=ids)[0][0]
        return contestant(lookup)

    def client_in_c(cluster):
        return contestant(lambda first, count: timed(bench, measure.pipelined(
            bench, cluster, bench.target, first, count, WINDOW))[0][0])

    def one_process(first, count):
        return timed(bench, [
            bench.program("one_process"), bench.table, data.LOOKUP, bench.sizes.rows, first,
            count])[0][0]

    folder = bench.table_folder
    with Cluster(bench, folder, STARTED) as ours, PlainCluster(bench, folder, STARTED) as plain:
        # As PostgreSQL has when it was loaded, each worker has read the table once.
        for _ in range(STARTED):
            processes.run(ours.request("-d", "kv", "select sum(length(note)) from kv"))
        results = in_turn(bench.runs, {
            "xodb-req": request(ours),
            "C client": client_in_c(ours),
            "plain": client_in_c(plain),
            "postgres": bench.with_postgres(lambda server, _: server.lookups(bench.sizes.seconds)),
            "one process": contestant(one_process),
        })

    def row(who, whom, peer, target=None):
        return Row("1", f"lookups, {who} : {whom}", "/s", results[who], results[peer], target)
    yield row("xodb-req", "plain LRU broker", "plain", ">= 6")
    yield row("xodb-req", "pgbench in pipelines", "postgres", ">= 1")
    yield row("xodb-req", "C loop in one process", "one process", ">= 1")
    yield row("C client", "plain LRU broker", "plain")


def lockstep(bench):
    """Case 2."""
    def clients(cluster, connections):
        return lambda number: measure.lockstep(
            bench, cluster, bench.target, number * measure.ROUND, connections, bench.sizes.seconds)
    folder = bench.table_folder
    with Cluster(bench, folder) as ours, PlainCluster(bench, folder) as plain:
        results = in_turn(bench.runs, {
            "eight": clients(ours, 8), "eight, plain": clients(plain, 8),
            "one": clients(ours, 1), "one, plain": clients(plain, 1)})
    yield Row("2", "8 REQ clients : plain LRU broker", "/s", part(results["eight"], 0),
              part(results["eight, plain"], 0), ">= 1")
    yield Row("2", "8 REQ clients' p99 : plain LRU broker", "µs", part(results["eight"], 2),
              part(results["eight, plain"], 2))
    yield Row("2", "1 REQ client's p50 : plain LRU broker", "µs", part(results["one"], 1),
              part(results["one, plain"], 1), "<= 1.1")
