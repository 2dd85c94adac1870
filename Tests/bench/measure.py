"""How things are measured: in turn, A B A B, so that what the machine does meanwhile hits all."""

import itertools
import os
import subprocess

import processes
from processes import Failed

TRIAL = 5000
# How far apart the first lookups of rounds are in lock-step.
ROUND = 10_007
numbers = itertools.count()


def in_turn(rounds, contestants):
    """Calls each contestant once a round with the round's number. Returns what each one measured,
    by name: a list, or why it failed."""
    results = {name: [] for name in contestants}
    for number in range(rounds):
        for name, contestant in contestants.items():
            if isinstance(results[name], Failed):
                continue
            try:
                results[name].append(contestant(number))
            except Failed as failure:
                results[name] = failure
    return results


def part(result, index):
    """One of the figures that were measured together."""
    return result if isinstance(result, Failed) else [figures[index] for figures in result]


def rate(bench, lookup, most, times=1):
    """A contestant: `lookup` is given the number of the first lookup and how many there are to be,
    and measures seconds. They are so many that they take the time wanted, within a limit."""
    trial = min(TRIAL, most)
    count = None

    def enough(number):
        """As many as take the time, if all go as fast as these."""
        wanted = number / lookup(number, number) * bench.sizes.seconds * times
        return int(min(most, max(trial, wanted)))

    def measured(number):
        nonlocal count
        if count is None:
            # The first time is to warm up. Of few, a process's start takes much of the time.
            lookup(0, trial)
            count = enough(enough(trial))
        return count / lookup(number * count, count)
    return measured


def timed(bench, command, repetitions=1, **options):
    """Runs a command; for each repetition the seconds it took and its peak memory in MiB."""
    file = f"{bench.temporary}/timed.{next(numbers)}"
    try:
        processes.run(
            [bench.program("timed"), repetitions, file, *command],
            **{"stdout": subprocess.DEVNULL, **options})
        with open(file, encoding="ascii") as lines:
            return [(float(line.split()[0]), int(line.split()[1]) / 1024) for line in lines]
    finally:
        if os.path.exists(file):
            os.unlink(file)


def timed_to_pipe(bench, command, **options):
    """The same for what is printed into a pipe: seconds, MiB."""
    with processes.start(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as reader:
        try:
            return timed(bench, command, stdout=reader.stdin, **options)[0]
        finally:
            reader.stdin.close()


def pipelined(bench, cluster, target, first, count, window):
    """The command line of the client in C that has many requests in flight."""
    return [bench.program("pipelined"), cluster.endpoint, *target, first, count, window]


def lockstep(bench, cluster, target, first, connections, seconds, pause=0):
    """Requests a second, and the median and 99th percentile of an answer's time in µs."""
    output = processes.run([
        bench.program("lockstep"), cluster.endpoint, *target, first, connections, seconds, pause])
    return tuple(map(float, output.split()))
