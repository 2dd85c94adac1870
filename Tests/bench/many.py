"""Case 6: many databases, queried at random."""

import data
import measure
from cluster import Cluster
from measure import in_turn, timed
from processes import peak_mib
from table import Row

WINDOW = 64
MOST = 1_000_000
MEMORY = "<= 256"


def many(bench):
    count, rows = bench.sizes.databases, bench.sizes.database_rows
    folder = data.make_many(bench.folder, count, rows)
    data.read_through(folder)
    with Cluster(bench, folder) as cluster:
        def load(*databases):
            target = (*databases, rows, data.LOOKUP)
            return measure.rate(bench, lambda first, number: timed(bench, measure.pipelined(
                bench, cluster, target, first, number, WINDOW))[0][0], MOST)
        results = in_turn(bench.runs, {"many": load("db", count), "one": load("db0000", 0)})
        memory = [max(map(peak_mib, cluster.workers))]
    yield Row("6", f"lookups, {count:,} databases : one of them", "/s", results["many"],
              results["one"], ">= 0.6")
    yield Row("6", f"a worker's peak memory, {count:,} databases", "MiB", memory, target=MEMORY)
