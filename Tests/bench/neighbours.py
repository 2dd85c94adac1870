"""Case 5: lookups beside slow queries, and beside programs that use as much of the machine."""

import contextlib
import subprocess
import time

import measure
import processes
from cluster import Cluster
from measure import in_turn, timed
from processes import Failed
from table import Row

WORKERS, RESERVED = 4, 1
# Slow queries in flight, and the pause before a lookup.
SLOW_CLIENT, PACE_MICROSECONDS = 100, 2000
SLOW = ("with recursive n(i) as (select ?1 union all select i + 1 from n where i < {steps}) "
        "select count(*) from n")
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
TRIAL_STEPS, SETTLE_SECONDS = 200_000, 30.0


def neighbours(bench):
    router = [bench.tool("xodb-router"), "--reserve", RESERVED]
    with Cluster(bench, bench.table_folder, WORKERS, router=router) as cluster:
        slow = SLOW.format(steps=steps(bench, cluster))

        def p99(number):
            return measure.lockstep(
                bench, cluster, bench.target, number * measure.ROUND, 1, 2 * bench.sizes.seconds,
                PACE_MICROSECONDS)[2] / 1000

        def beside_queries(number):
            target = ("kv", 0, 1, slow)
            with running([measure.pipelined(bench, cluster, target, 0, 0, SLOW_CLIENT)]):
                queued(cluster, SLOW_CLIENT)
                result = p99(number)
                queued(cluster, SLOW_CLIENT)
            queued(cluster, 0)
            return result

        def beside_programs(number):
            with running([["sqlite3", ":memory:", ENDLESS]] * (WORKERS - RESERVED)):
                time.sleep(0.2)
                return p99(number)

        results = in_turn(bench.runs, {"queries": beside_queries, "programs": beside_programs})
    yield Row("5", "lookups' p99 beside slow queries : programs", "ms", results["queries"],
              results["programs"], "<= 2")


def steps(bench, cluster):
    """How many steps of the slow query take the time wanted."""
    seconds = [
        timed(bench, cluster.request("-d", "kv", SLOW.format(steps=TRIAL_STEPS), "1"))[0][0]
        for _ in range(3)]
    return int(TRIAL_STEPS * bench.sizes.slow_seconds / min(seconds))


@contextlib.contextmanager
def running(commands):
    started = []
    try:
        for command in commands:
            started.append(processes.start(command, stdout=subprocess.DEVNULL))
        yield
    finally:
        processes.stop(started)


def queued(cluster, wanted):
    """Waits until so many queries wait or run."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        count = len(cluster.show("queue"))
        if count == wanted:
            return
        if time.monotonic() > end:
            raise Failed(f"{count} queries in flight, not {wanted}")
        time.sleep(0.02)
