"""Kills workers in the middle of a query, and measures how long it takes until the next one has it.

    failover.py KILLS SEED

For a cluster of test workers in $XODB_RUN. It prints percentiles of the time from just before the
kill to the query's arrival at the next worker, and ends with 1 when the 99th is above 10 ms.
"""

import os
import random
import select
import signal
import sys
import tempfile
import time

import zmq

import report

LIMIT = 0.010


class Arrivals:
    """What the workers say into a pipe: who has the query, and since when."""

    def __init__(self, directory):
        self.path = f"{directory}/arrivals"
        os.mkfifo(self.path, 0o600)
        # For both, so that neither side waits for the other.
        self.pipe = os.open(self.path, os.O_RDWR)

    def next(self):
        """A worker's pid, and the seconds of CLOCK_MONOTONIC at which it began."""
        if not select.select([self.pipe], [], [], 20)[0]:
            sys.exit("failover: the query has reached no worker")
        pid, microseconds = os.read(self.pipe, 100).split()
        return int(pid), int(microseconds) / 1e6


def measure(socket, arrivals, number, chance):
    socket.send_multipart(
        [f"QUERY db=test id={number} deadline=20000".encode(), f"hold {arrivals.path}".encode()])
    victim, _ = arrivals.next()
    time.sleep(chance.uniform(0.001, 0.01))
    killed = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    _, begun = arrivals.next()
    line = socket.recv_multipart()[0].decode()
    if not line.startswith(f"OK id={number} ") or " tries=2 " not in line:
        sys.exit(f"failover: {line}")
    return begun - killed


def main():
    kills, seed = map(int, sys.argv[1:])
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory, zmq.Context() as context:
        arrivals = Arrivals(directory)
        with context.socket(zmq.REQ) as socket:
            socket.linger = 0
            socket.rcvtimeo = 20_000
            socket.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
            times = [measure(socket, arrivals, number, chance) for number in range(kills)]
    print(f"from the kill to the query's arrival at the next worker, {kills} times, in ms (seed {seed})")
    shares = (0.5, 0.9, 0.99, 1)
    report.table(["p50", "p90", "p99", "max"],
                 [[f"{report.quantile(times, share) * 1000:.2f}" for share in shares]])
    if report.quantile(times, 0.99) > LIMIT:
        sys.exit(f"failover: the 99th percentile is above {LIMIT * 1000:.0f} ms")


if __name__ == "__main__":
    main()
