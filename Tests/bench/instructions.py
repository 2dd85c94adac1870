"""Case 7: what the router computes for a request, counted by callgrind."""

import collections
import os
import re
import shutil
import tempfile

import data
import measure
import processes
from cluster import Cluster
from measure import timed
from processes import Failed
from table import Row

WINDOWS = {"a stream": 256, "lock-step": 1}
EACH = "xodb-req's stream"
COST = re.compile(r"[+\-*\d]\S* (\d+)$")
UNIT = "instructions"
# What the name of a file begins with; Swift's library is linked into the router.
LIBRARIES = {"xodb-router": "its own code", "libzmq": "libzmq", "libc": "libc"}
OTHER = "the rest"


def instructions(bench):
    if shutil.which("valgrind") is None:
        counts = dict.fromkeys([*WINDOWS, EACH], Failed("skipped: valgrind not found"))
    else:
        counts = {load: counted(bench, window) for load, window in WINDOWS.items()}
        # As many that a start weighs little.
        counts[EACH] = counted(bench, None, 10 * bench.sizes.counted)
    for load, count in counts.items():
        if isinstance(count, Failed):
            yield Row("7", f"router, {load}", UNIT, count)
            continue
        yield Row("7", f"router, {load}", UNIT, [sum(count.values())])
        for part in (*LIBRARIES.values(), OTHER):
            yield Row("7", f"router, {load}, in {part}", UNIT, [count.get(part, 0)])


def counted(bench, window, requests=None):
    """By library, those of a request; or why they could not be counted.

    Without a window, xodb-req sends them.
    """
    requests = requests or bench.sizes.counted
    folder = tempfile.mkdtemp(prefix="callgrind.", dir=bench.temporary)
    output, prefix, router = (f"{folder}/{name}" for name in ("out", "vgdb", "xodb-router"))
    command = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={output}",
               f"--vgdb-prefix={prefix}", router]
    try:
        # Valgrind gives up on the debugging information of some compilers, and needs none here.
        processes.run(["strip", "--strip-debug", "-o", router, bench.tool("xodb-router")])
        with Cluster(bench, bench.table_folder, router=command) as cluster:
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
