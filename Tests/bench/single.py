"""Case 4: one query as a whole process."""

import statistics

from cluster import Cluster
from measure import in_turn, timed
from table import Row

SQL = "select id,name,score,note from kv where id=17"


def single(bench):
    def median_ms(command):
        def measured(_):
            runs = timed(bench, command, bench.sizes.processes)
            return 1000 * statistics.median(seconds for seconds, _ in runs)
        return measured
    with Cluster(bench, bench.table_folder) as cluster:
        results = in_turn(bench.runs, {
            "ours": median_ms(cluster.request("-d", "kv", SQL)),
            "shell": median_ms(["sqlite3", "-json", bench.table, SQL])})
    yield Row("4", "one query, one process : sqlite3 shell", "ms", results["ours"],
              results["shell"], "<= 4.5")
