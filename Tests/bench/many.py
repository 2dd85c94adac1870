"""Case 6: many databases, queried at random."""

import subprocess

import data
import measure
import processes
from cluster import STARTED, Cluster
from measure import in_turn, part, timed
from processes import Failed, peak_mib
from table import Row

WINDOW = 64
PROGRAMS = 8
MOST = 1_000_000
# For each of the databases: so many that most of its pages are in memory.
LOOP = 200
MEMORY = "<= 256"


def many(bench):
    count, rows = bench.sizes.databases, bench.sizes.database_rows
    folder = data.make_many(bench.folder, count, rows)
    data.read_through(folder)
    with Cluster(bench, folder, STARTED) as cluster:
        def stream(*databases):
            target = (*databases, rows, data.LOOKUP)
            return measure.rate(bench, lambda first, number: timed(bench, measure.pipelined(
                bench, cluster, target, first, number, WINDOW))[0][0], MOST)

        def programs(*databases):
            target = (*databases, rows, data.LOOKUP)
            return lambda number: measure.lockstep(
                bench, cluster, target, number * measure.ROUND, PROGRAMS, bench.sizes.seconds)

        def loop(databases):
            amount = LOOP * databases if databases > 1 else LOOP * count
            return lambda number: looped(
                bench, f"{folder}/db", data.LOOKUP, rows, number * amount, amount, databases)
        every, single = ("db", count), ("db0000", 0)
        # The streams open the files.
        results = in_turn(bench.runs, {
            "stream": stream(*every), "stream, one": stream(*single),
            "programs": programs(*every), "programs, one": programs(*single),
            "loop": loop(count), "loop, one": loop(1)})
        memory = [max(map(peak_mib, cluster.workers))]

    def row(what, load, take=lambda result: result, target=None):
        return Row("6", f"lookups, {what}, {count:,} databases : one of them", "/s",
                   take(results[load]), take(results[f"{load}, one"]), target)
    yield row(f"{PROGRAMS} REQ clients", "programs", lambda result: part(result, 0), ">= 0.6")
    yield row(f"a stream, {WINDOW} in flight", "stream", target=">= 0.6")
    yield row("C loop without a server", "loop")
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
