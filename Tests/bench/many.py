"""Case 6: many databases, queried at random."""

import subprocess

import data
import measure
import processes
from cluster import Cluster
from measure import in_turn, timed
from processes import Failed, peak_mib
from table import Row

WINDOW = 64
MOST = 1_000_000
# For each of the databases: so many that most of its pages are in memory.
LOOP = 200
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

        def loop(databases):
            amount = LOOP * databases if databases > 1 else LOOP * count
            return lambda number: looped(
                bench, f"{folder}/db", data.LOOKUP, rows, number * amount, amount, databases)
        results = in_turn(bench.runs, {
            "many": load("db", count), "one": load("db0000", 0), "many, loop": loop(count),
            "one, loop": loop(1)})
        memory = [max(map(peak_mib, cluster.workers))]
    yield Row("6", f"lookups, {count:,} databases : one of them", "/s", results["many"],
              results["one"], ">= 0.6")
    yield Row("6", f"lookups, C loop, {count:,} databases : one of them", "/s",
              results["many, loop"], results["one, loop"])
    yield Row("6", f"a worker's peak memory, {count:,} databases", "MiB", memory, target=MEMORY)


def looped(bench, *arguments):
    """Lookups a second of SQLite in a loop, as that says."""
    with processes.start(
            [bench.program("one_process"), *arguments], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True) as program:
        _, said = program.communicate(timeout=processes.PATIENCE)
    if program.returncode != 0:
        raise Failed(f"one_process: {said.strip()}")
    return float(said)
