"""Case 3: a whole table into a pipe, and the memory that takes."""

import data
from cluster import Cluster
from measure import in_turn, part, timed_to_pipe
from processes import Failed, peak_mib
from table import Row

MEMORY = "<= 64"
ALL = "select * from kv"
LONG_ROWS = 100_000_000
LONG_SECONDS = 3600


def whole(bench):
    """The table kv, as CSV and as JSON."""
    def shell(option):
        return ["sqlite3", *option, bench.table, ALL]
    with Cluster(bench, bench.table_folder) as cluster:
        def to_pipe(command):
            return lambda _: timed_to_pipe(bench, command)
        results = in_turn(bench.runs, {
            "csv": to_pipe(cluster.request("-d", "kv", "-f", "csv", ALL)),
            "csv, shell": to_pipe(shell(["-csv", "-header"])),
            "json": to_pipe(cluster.request("-d", "kv", "-f", "json", ALL)),
            "json, shell": to_pipe(shell(["-json"])),
            "csv, psql": bench.with_postgres(lambda server, _: timed_to_pipe(
                bench, server.psql(f"copy ({ALL}) to stdout csv header"))),
        })
        memory = peaks(cluster)
    for form in ("csv", "json"):
        yield Row("3", f"all rows as {form} : sqlite3 shell", "s", part(results[form], 0),
                  part(results[f"{form}, shell"], 0), "<= 0.75")
    yield Row("3", "all rows as csv : psql, COPY", "s", part(results["csv"], 0),
              part(results["csv, psql"], 0))
    yield from memory_rows("3", memory, {form: results[form] for form in ("csv", "json")})


def long(bench):
    """A table of no file, without end for all that memory knows."""
    rows = bench.sizes.long_rows
    sql = data.ROWS.format(rows=rows)
    options = ("--max-rows", 1_000_000_000)
    with Cluster(bench, bench.table_folder, worker=options) as cluster:
        command = cluster.request("--timeout", LONG_SECONDS, "-d", "kv", "-f", "csv", sql)
        shell = ["sqlite3", "-csv", "-header", ":memory:", sql]
        results = in_turn(1, {
            "csv": lambda _: timed_to_pipe(bench, command, patience=LONG_SECONDS),
            "csv, shell": lambda _: timed_to_pipe(bench, shell, patience=LONG_SECONDS)})
        memory = peaks(cluster)
    yield Row("3L", f"{rows:,} rows as csv : sqlite3 shell", "s", part(results["csv"], 0),
              part(results["csv, shell"], 0), "<= 0.75")
    yield from memory_rows("3L", memory, {"csv": results["csv"]})


def peaks(cluster):
    return {"router": [peak_mib(cluster.router)], "worker": [max(map(peak_mib, cluster.workers))]}


def memory_rows(case, memory, results):
    """What an attempt that failed has used says nothing."""
    failure = next((result for result in results.values() if isinstance(result, Failed)), None)
    for role, peak in memory.items():
        yield Row(case, f"the {role}'s peak memory", "MiB", failure or peak, target=MEMORY)
    for form, result in results.items():
        yield Row(case, f"xodb-req's peak memory, {form}", "MiB", part(result, 1), target=MEMORY)
