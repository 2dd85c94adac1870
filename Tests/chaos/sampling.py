"""Memory and descriptors of the processes that live long, over the run."""

import collections
import statistics
import time

import processes

PERIOD = 0.25
# A process may differ by so much from itself.
KIB, DESCRIPTORS = 8 * 1024, 8
# Those that are restarted now and then are compared at this age, in seconds.
AGES = (1.5, 3.0)


class Samples:
    def __init__(self, cluster):
        self.cluster = cluster
        self.due = 0.0
        # By role: (time, pid, age, KiB, descriptors).
        self.all = collections.defaultdict(list)
        self.marks = {}

    def mark(self, name):
        self.marks[name] = time.monotonic()

    def take(self, events):
        """`events` is the pid of xodb-events."""
        now = time.monotonic()
        self.due = now + PERIOD
        for role, pid in [*self.cluster.members(), ("events", events)]:
            if role in ("worker", "guardian"):
                continue
            memory, count = processes.resident_kib(pid), processes.descriptors(pid)
            if memory and count:
                self.all[role].append((now, pid, processes.age_seconds(pid), memory, count))

    def compare(self):
        """By role: medians of memory and descriptors in the first third of the trouble, and in the
        last one; of processes that live all the time at the end of those."""
        begin, end = self.marks["chaos"], self.marks["end"]
        third = (end - begin) / 3
        rows = {}
        for role, samples in self.all.items():
            lives_long = role in ("outer", "events")
            chosen = [
                [(memory, count) for at, _, age, memory, count in samples
                 if first <= at < first + third and (lives_long or AGES[0] <= age <= AGES[1])]
                for first in (begin, end - third)
            ]
            if all(chosen):
                rows[role] = [tuple(statistics.median(values) for values in zip(*part))
                              for part in chosen]
        return rows

    def calm(self):
        """By role: the descriptors before the trouble, and after it."""
        rows = {}
        for role, samples in self.all.items():
            before = [count for at, *_, count in samples
                      if self.marks["calm"] <= at < self.marks["chaos"]]
            after = [count for at, *_, count in samples if at >= self.marks["settled"]]
            if before and after:
                rows[role] = (statistics.median(before), after[-1])
        return rows

    def faults(self):
        found = []
        for role, ((memory, count), (last_memory, last_count)) in self.compare().items():
            if last_memory > memory * 1.25 + KIB:
                found.append(("memory grows", f"{role}: from {memory:.0f} to {last_memory:.0f} KiB"))
            if last_count > count * 1.25 + DESCRIPTORS:
                found.append(("descriptors grow", f"{role}: from {count:.0f} to {last_count:.0f}"))
        for role, (before, after) in self.calm().items():
            if after > before + DESCRIPTORS:
                found.append(("descriptors are kept", f"{role}: {before:.0f} before, {after} after"))
        return found
