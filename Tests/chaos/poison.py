"""Shows that no query can hurt another one: eight clients do not notice what a ninth one sends.

    poison.py SUPERVISOR SEED

For a cluster in $XODB_RUN with a database `app` and the functions of Tests/poison/poison.c;
SUPERVISOR is the pid of its workers' supervisor. For each kind of poison two phases take turns: in
one the ninth client sends it without pause, always in other words; in the other a program outside
of the cluster uses as much processor time as the workers did on account of it. It ends with 1 when
a good query failed, or when beside the poison the good ones' 99th percentile was more than twice
what it was beside that program. Where it looks so after the first rounds more are made: what was a
noise of the machine goes away then, and what is a fault does not.
"""

import collections
import itertools
import json
import multiprocessing
import os
import random
import statistics
import sys
import time

import zmq

import processes
import report

ENDPOINT = f"ipc://{os.environ['XODB_RUN']}/clients"
GOOD, PERIOD = 8, 0.01
PHASE, ROUNDS, MORE_ROUNDS = 1.5, 3, 9
BOUND = 2.0
# When a phase is over, the good ones have so many seconds until they are as quick as ever, that is,
# within a factor.
RECOVERY, AS_EVER = 10.0, 5.0

LOOKUP = "select name from item where id = ?1"
SCAN = "select count(*) as n from item where id % 10 = ?1"
ROWS = 10_000

# The function, its argument, and the milliseconds that the query has.
POISONS = {
    "crash": lambda chance: ("poison_crash", chance.randrange(10**6), 5000),
    "loop": lambda chance: ("poison_loop", chance.randrange(10**6), 300),
    "sleep": lambda chance: ("poison_sleep", chance.randrange(3000, 6000), 300),
    "eat": lambda chance: ("poison_eat", chance.randrange(10, 4000), 2000),
    "malloc": lambda chance: ("poison_malloc", chance.randrange(10, 4000), 2000),
}


def child(function, *arguments):
    """A process that ends with this one; and a pipe to it."""
    def run():
        processes.end_with_parent()
        function(theirs, *arguments)

    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=run, daemon=True)
    process.start()
    return process, ours


class GoodClient:
    """One that asks every 10 ms; a question that has to wait for the last one's answer is late."""

    def __init__(self, context, chance):
        self.chance = chance
        self.socket = context.socket(zmq.REQ)
        self.socket.linger = 0
        self.socket.connect(ENDPOINT)
        self.due = time.monotonic() + chance.random() * PERIOD
        self.expected = None

    def send(self):
        number = self.chance.randrange(1, ROWS)
        if number % 10:
            sql, self.expected = LOOKUP, {"name": f"name {number}"}
        else:
            sql, number, self.expected = SCAN, number // 10 % 10, {"n": ROWS // 10}
        self.socket.send_multipart(
            [b"QUERY db=app deadline=5000", sql.encode(), json.dumps([number]).encode()])

    def receive(self):
        """The seconds from when the question was due, and what is wrong with the answer."""
        line, rows = self.socket.recv_multipart()
        took = time.monotonic() - self.due
        is_good = line.startswith(b"OK ") and json.loads(rows) == self.expected
        self.expected = None
        self.due += PERIOD * self.chance.uniform(0.5, 1.5)
        return took, None if is_good else line.decode()


def ask_good_questions(pipe, seed):
    """Answers each word from the pipe with the times and failures since the last one."""
    chance = random.Random(seed)
    context = zmq.Context()
    clients = {}
    poller = zmq.Poller()
    poller.register(pipe.fileno(), zmq.POLLIN)
    for _ in range(GOOD):
        client = GoodClient(context, chance)
        clients[client.socket] = client
        poller.register(client.socket, zmq.POLLIN)
    times, failures = [], []
    while True:
        now = time.monotonic()
        for client in clients.values():
            if client.expected is None and client.due <= now:
                client.send()
        idle = [client.due for client in clients.values() if client.expected is None]
        wait = min(idle, default=now + 1) - time.monotonic()
        for socket, _ in poller.poll(max(0, wait) * 1000):
            if socket == pipe.fileno():
                pipe.recv()
                # Whoever waits now has waited so long already.
                waiting = [now - client.due for client in clients.values() if client.expected]
                pipe.send((times + waiting, failures))
                times, failures = [], []
            else:
                took, failure = clients[socket].receive()
                times.append(took)
                if failure:
                    failures.append(failure)


def poison(pipe, kind, seed):
    """The ninth client; it answers the word from the pipe with its answers' codes."""
    chance = random.Random(seed)
    codes = collections.Counter()
    socket = zmq.Context().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(ENDPOINT)
    for number in itertools.count(seed):
        function, argument, deadline = POISONS[kind](chance)
        socket.send_multipart([
            b"", f"QUERY db=app id={number} deadline={deadline}".encode(),
            f"select {function}(?1) -- {number}".encode(), json.dumps([argument]).encode()])
        while not socket.poll(10):
            if pipe.poll():
                # Its connection is closed, and with that it takes its query back.
                socket.close()
                pipe.send(codes)
                return
        line = socket.recv_multipart()[1].decode()
        codes[line.partition(" code=")[2].partition(" ")[0] or "OK"] += 1
        # Refused at once, it does not turn into a flood.
        time.sleep(0.002)


def burn(_, share):
    """Uses so much of a core, in pieces."""
    while True:
        end = time.monotonic() + 0.05
        target = time.process_time() + 0.05 * share
        while time.process_time() < target:
            pass
        time.sleep(max(0, end - time.monotonic()))


class Trial:
    def __init__(self, supervisor, seed):
        self.supervisor = supervisor
        self.numbers = itertools.count(seed * 10**6, 10**5)
        _, self.good = child(ask_good_questions, seed)
        self.failures = []
        time.sleep(0.5)
        times, self.quiet_use = self.phase()
        self.quiet = report.quantile(times, 0.99)

    def computed(self):
        """The seconds that the workers have computed for, also those that are gone."""
        pids = processes.children(self.supervisor)
        return (processes.cpu_seconds(self.supervisor, reaped=True)
                + sum(processes.cpu_seconds(pid) for pid in pids))

    def phase(self):
        """The good ones' times, and the cores that the workers have used."""
        self.collect()
        begin, before = time.monotonic(), self.computed()
        time.sleep(PHASE)
        used = (self.computed() - before) / (time.monotonic() - begin)
        return self.collect(), used

    def collect(self):
        self.good.send("collect")
        times, failures = self.good.recv()
        self.failures += failures
        return times

    def beside(self, function, *arguments):
        process, pipe = child(function, *arguments)
        result = self.phase()
        codes = collections.Counter()
        if function is poison:
            pipe.send("end")
            codes = pipe.recv()
        else:
            process.kill()
        process.join()
        self.settle()
        return *result, codes

    def settle(self):
        """Waits until nothing is left of a phase: the next one is not to look better beside it."""
        end = time.monotonic() + RECOVERY
        while time.monotonic() < end:
            self.collect()
            time.sleep(0.25)
            if report.quantile(self.collect(), 0.99) <= AS_EVER * self.quiet:
                return
        self.failures.append(f"not as quick as ever {RECOVERY:g} s after the poison")

    def rounds(self, kind):
        """p99 beside the poison and beside the program, phase by phase."""
        beside_poison, beside_program, codes, shares = [], [], collections.Counter(), []
        while len(beside_poison) < MORE_ROUNDS:
            times, used, some = self.beside(poison, kind, next(self.numbers))
            beside_poison.append(report.quantile(times, 0.99))
            codes += some
            shares.append(max(0.0, used - self.quiet_use))
            times, *_ = self.beside(burn, shares[-1])
            beside_program.append(report.quantile(times, 0.99))
            ratio = statistics.median(beside_poison) / statistics.median(beside_program)
            if len(beside_poison) >= ROUNDS and ratio <= BOUND:
                break
        return (statistics.median(beside_poison), statistics.median(beside_program), ratio,
                statistics.median(shares), len(beside_poison), codes)


def main():
    supervisor, seed = map(int, sys.argv[1:])
    trial = Trial(supervisor, seed)
    print(f"the good ones' p99 alone: {trial.quiet * 1000:.1f} ms (seed {seed})")
    rows, is_bad = [], False
    for kind in POISONS:
        before = len(trial.failures)
        ours, theirs, ratio, share, rounds, codes = trial.rounds(kind)
        failures = len(trial.failures) - before
        is_bad |= ratio > BOUND or failures > 0 or not codes
        rows.append([
            kind, f"{ours * 1000:.1f}", f"{theirs * 1000:.1f}", f"{ratio:.2f}", f"{share:.2f}", rounds,
            failures, " ".join(f"{code}:{count}" for code, count in sorted(codes.items()))])
    report.table(["poison", "p99 beside it", "beside a program", "ratio", "cores", "rounds",
                  "good failed", "its answers"], rows)
    for failure in trial.failures[:10]:
        print(f"a good query failed: {failure}")
    sys.exit(1 if is_bad else 0)


if __name__ == "__main__":
    main()
