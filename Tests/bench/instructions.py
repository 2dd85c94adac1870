"""Case 7: what the router computes for a request, counted by callgrind."""

import collections
import os
import re
import shutil
import tempfile

import data
import measure
import processes
from cluster import Cluster, PlainCluster
from measure import timed
from processes import Failed
from table import Row

WINDOWS = {"a stream": 256, "lock-step": 1}
EACH = "xodb-req's stream"
COST = re.compile(r"[+\-*\d]\S* (\d+)$")
UNIT = "instructions"
OWN = "its own code"
# What the name of a file begins with; Swift's library is linked into the router.
LIBRARIES = {"xodb-router": OWN, "lru_broker": OWN, "libzmq": "libzmq", "libc": "libc"}
OTHER = "the rest"


def instructions(bench):
    if shutil.which("valgrind") is None:
        missing = Failed("skipped: valgrind not found")
        counts = dict.fromkeys([*WINDOWS, EACH], (missing, missing))
    else:
        counts = {load: (counted(bench, Cluster, window), counted(bench, PlainCluster, window))
                  for load, window in WINDOWS.items()}
        # As many that a start weighs little. The plain broker does not know series.
        counts[EACH] = counted(bench, Cluster, None, 10 * bench.sizes.counted), None

    def row(load, sides, what, take):
        return Row("7", f"router, {load}{what}", UNIT, *(
            side if side is None or isinstance(side, Failed) else [take(side)] for side in sides))
    for load, sides in counts.items():
        yield row(load, sides, " : plain LRU broker" if sides[1] else "",
                  lambda count: sum(count.values()))
        if isinstance(sides[0], Failed):
            continue
        for part in dict.fromkeys([*LIBRARIES.values(), OTHER]):
            yield row(load, sides, f", in {part}", lambda count, part=part: count.get(part, 0))


def counted(bench, kind, window, requests=None):
    """By library, those of a request; or why they could not be counted.

    Without a window, xodb-req sends them.
    """
    requests = requests or bench.sizes.counted
    folder = tempfile.mkdtemp(prefix="callgrind.", dir=bench.temporary)
    program = kind.router_program(bench)
    output, prefix, router = (
        f"{folder}/{name}" for name in ("out", "vgdb", os.path.basename(program)))
    command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={output}",
               f"--vgdb-prefix={prefix}", router]
    try:
        # Valgrind gives up on the debugging information of some compilers, and needs none here.
        processes.run(["strip", "--strip-debug", "-o", router, program])
        with kind(bench, bench.table_folder, router=command) as cluster:
            def load(first):
                if window:
                    timed(bench, measure.pipelined(
                        bench, cluster, bench.target, first, requests, window))
                    return
                data.write_ids(f"{folder}/ids", first, requests, bench.sizes.rows)
                with open(f"{folder}/ids", "rb") as values:
                    timed(bench, cluster.request("-d", "kv", "--each", data.LOOKUP), stdin=values)

            def order(word):
                processes.run([
                    "vgdb", f"--vgdb-prefix={prefix}", f"--pid={cluster.router.pid}", word])
            load(0)
            order("zero")
            load(requests)
            order("dump")
        return {part: count / requests for part, count in by_library(f"{output}.1").items()}
    except Failed as failure:
        return failure


def by_library(path):
    """Adds up what functions cost by themselves."""
    names, counts, current, is_call = {}, collections.Counter(), OTHER, False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            key, _, value = line.strip().partition("=")
            if key == "ob":
                number, _, name = value.partition(" ")
                names.setdefault(number, library(name))
                current = names[number]
            elif key == "cob":
                number, _, name = value.partition(" ")
                names.setdefault(number, library(name))
            elif key == "calls":
                # The next line is what the call cost, which stands with the called one too.
                is_call = True
            elif cost := COST.match(line.strip()):
                if not is_call:
                    counts[current] += int(cost[1])
                is_call = False
    return counts


def library(path):
    name = os.path.basename(path)
    return next((part for start, part in LIBRARIES.items() if re.match(rf"{start}\b", name)), OTHER)
