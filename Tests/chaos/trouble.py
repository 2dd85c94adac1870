"""Causes trouble in a cluster at random times, and notes each before it happens."""

import heapq
import itertools
import os
import signal
import time

import processes

# Each kind, and how many seconds lie between two of it on average.
PERIODS = {
    "kill worker": 0.1,
    "stop worker": 4.0,
    "kill router": 5.0,
    "kill router-supervisor": 20.0,
    "kill workers-supervisor": 20.0,
    "kill client": 2.0,
}


class Trouble:
    def __init__(self, cluster, log, chance, kinds, kill_client):
        self.cluster, self.log, self.chance, self.kill_client = cluster, log, chance, kill_client
        self.stopped = set()
        self.order = itertools.count()
        now = time.monotonic()
        self.schedule = [
            (now + PERIODS[kind] * chance.random(), next(self.order), kind) for kind in kinds]
        heapq.heapify(self.schedule)

    def pause(self, kind):
        return PERIODS[kind] * self.chance.uniform(0.6, 1.4)

    @property
    def due(self):
        """When there is something to do; never, when the list is empty."""
        return self.schedule[0][0] if self.schedule else float("inf")

    def cause(self):
        """Does what is due."""
        now = time.monotonic()
        while self.due <= now:
            _, _, kind = heapq.heappop(self.schedule)
            # No crowd after a pause of the machine.
            heapq.heappush(self.schedule, (now + self.pause(kind), next(self.order), kind))
            if kind == "kill client":
                self.kill_client()
            else:
                self.hit(kind)

    def hit(self, kind):
        deed, _, role = kind.partition(" ")
        # Those that are stopped are left so.
        victims = [pid for pid in self.cluster.pids(role) if pid not in self.stopped]
        if not victims:
            return
        pid = self.chance.choice(victims)
        name = processes.environment(pid).get("XODB_NAME")
        self.log.note(kind, pid, name)
        try:
            os.kill(pid, signal.SIGKILL if deed == "kill" else signal.SIGSTOP)
        except ProcessLookupError:
            self.log.note("missed", pid, name)
        if deed == "stop":
            self.stopped.add(pid)
