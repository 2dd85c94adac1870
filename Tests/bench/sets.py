"""Case 8: one query on many databases, with two workers and with one."""

import data
from cluster import Cluster
from measure import in_turn, timed
from table import Row

# 200 of 1,000 databases.
SET = "db00*,db01*"
# Some milliseconds for each.
QUERY = "select sum(length(name) * score), count(distinct note) from kv where id % 7 <> 0"


def sets(bench):
    count = min(bench.sizes.databases, 200)
    folder = data.make_many(bench.folder, bench.sizes.databases, bench.sizes.database_rows)
    data.read_through(folder)
    with Cluster(bench, folder, workers=2) as two, Cluster(bench, folder, workers=1) as one:
        def rate(cluster):
            command = cluster.request("-d", SET, "-f", "tsv", QUERY)
            # The first time the files are opened.
            timed(bench, command)
            return lambda _: count / timed(bench, command)[0][0]
        results = in_turn(bench.runs, {"two": rate(two), "one": rate(one)})
    yield Row("8", f"one query on {count} databases, two workers : one", "/s", results["two"],
              results["one"], ">= 1.5")
