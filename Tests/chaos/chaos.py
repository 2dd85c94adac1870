"""Makes trouble in a real cluster under load, and checks every answer.

    chaos.py [--seconds N] [--seed N] [--bin DIRECTORY] [--kinds …] [--troubles …] [--keep]

It ends with 0 when nothing was wrong; otherwise it says what was, keeps its folder with all that
was noted, and ends with 1. The seed decides about queries and trouble, but not about the machine:
two runs of one seed are alike, not the same.
"""

import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import zmq

import journal
import processes
import queries
import records
import report
from audit import Audit, Events
from cluster import Cluster
from sampling import Samples
from trouble import PERIODS, Trouble

HERE = pathlib.Path(__file__).resolve().parent
WORKERS = 4
# Clients at a time, their manner and their queries, or bursts of them, a second.
CLIENTS = (("dealer", 200), ("dealer", 200), ("dealer", 200), ("req", 100), ("req", 100),
           ("burst", 4), ("readme", 50))
# Lines a second through xodb-req.
PIPE_RATE = 100
# The cluster is back so many seconds after the last trouble.
RECOVERY = 5.0


class Run:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.chance = random.Random(options.seed)
        os.mkdir(f"{work}/data")
        self.cluster = Cluster(options.bin, f"{work}/run", f"{work}/data", WORKERS)
        self.log = journal.Journal(f"{work}/troubles")
        self.clients = []
        self.client_count = 0
        self.helpers = []
        self.samples = Samples(self.cluster)
        self.faults = []

    # The parts.

    def python(self, script, *arguments, **options):
        return subprocess.Popen(
            [sys.executable, "-B", HERE / script, *map(str, arguments)], stdin=subprocess.DEVNULL,
            preexec_fn=processes.end_with_parent, **options)

    def start_client(self, manner, rate):
        self.client_count += 1
        name = f"{manner}{self.client_count}"
        process = self.python(
            "client.py", self.cluster.endpoint, f"{self.work}/client.{name}", name,
            self.chance.randrange(10**9), manner, rate, ",".join(self.options.kinds))
        self.clients.append((process, manner, rate))

    def kill_client(self):
        """One is killed, and another comes."""
        process, manner, rate = self.clients.pop(self.chance.randrange(len(self.clients)))
        self.log.note("kill client", process.pid, manner)
        process.kill()
        process.wait()
        self.start_client(manner, rate)

    def start(self):
        writer = self.python(
            "databases.py", f"{self.work}/data", f"{self.work}/generations",
            self.chance.randrange(10**9), stdout=subprocess.PIPE)
        self.helpers.append(writer)
        if writer.stdout.readline() != b"ready\n":
            raise RuntimeError("the writer did not start")
        self.cluster.start()
        self.events = self.cluster.tool("xodb-events", stdout=open(f"{self.work}/events", "wb"))
        self.helpers.append(self.events)
        self.pipe = self.python("pipe.py", f"{self.options.bin}/xodb-req", PIPE_RATE,
                                stdout=subprocess.PIPE, text=True, env=self.cluster.environment)
        self.helpers.append(self.pipe)
        for manner, rate in CLIENTS:
            self.start_client(manner, rate)

    def pass_time(self, seconds, trouble=None):
        """Looks at the processes meanwhile."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if trouble:
                trouble.cause()
            if now >= self.samples.due:
                self.samples.take(self.events.pid)
            next_time = min(end, self.samples.due, trouble.due if trouble else end)
            time.sleep(max(0, next_time - time.monotonic()))

    def fault(self, what, *details):
        self.faults.append((what, " | ".join(map(str, details))))

    # The course of things.

    def run(self):
        self.start()
        self.pass_time(2)
        self.samples.mark("calm")
        self.pass_time(1)
        noise = None
        if "noise" in self.options.troubles:
            noise = self.python("noise.py", self.cluster.run, self.chance.randrange(10**9),
                                stdout=open(f"{self.work}/noise", "wb"))
            self.helpers.append(noise)
        troubles = [kind for kind in PERIODS if kind in self.options.troubles]
        trouble = Trouble(self.cluster, self.log, self.chance, troubles, self.kill_client)
        self.samples.mark("chaos")
        self.pass_time(self.options.seconds, trouble)
        self.samples.mark("end")
        if noise:
            self.end(noise, signal.SIGKILL)
            os.unlink(f"{self.cluster.run}/events/noise")
        self.recovery = self.recover()
        self.pass_time(2)
        self.end_clients()
        self.samples.mark("settled")
        self.check_rest()
        self.end(self.helpers[0], signal.SIGTERM)
        if self.events.poll() is not None:
            self.fault("xodb-events ended", self.events.returncode)
        self.end(self.events, signal.SIGTERM)
        self.cluster.stop()
        self.check_remains()

    def end(self, process, number):
        process.send_signal(number)
        process.wait(timeout=60)
        self.helpers.remove(process)

    def recover(self):
        """The seconds until the cluster is whole again: all workers there, all databases answering."""
        begin = time.monotonic()
        while (passed := time.monotonic() - begin) < 30:
            if self.is_whole():
                if passed > RECOVERY:
                    self.fault("whole again too late", f"after {passed:.1f} s")
                return passed
            time.sleep(0.05)
        self.fault("not whole again after 30 s")
        return passed

    def is_whole(self):
        with zmq.Context.instance().socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.connect(self.cluster.endpoint)
            names = [f"QUERY db={name} id={name} deadline=1000" for name in queries.databases.NAMES]
            socket.send_multipart([b"", b"SHOW what=databases format=tsv"])
            for line in names:
                socket.send_multipart([b"", line.encode(), b"select generation from meta"])
            answers = []
            while len(answers) <= len(names) and socket.poll(1500):
                answers.append(socket.recv_multipart()[1:])
        shown = [body for _, body in answers if body.startswith(b"database\t") or b"\t" in body]
        counts = {row.split(b"\t")[1] for body in shown for row in body.splitlines() if row}
        good = sum(line.startswith(b"OK ") for line, _ in answers)
        return good == len(names) + 1 and counts <= {b"workers", str(WORKERS).encode()}

    def end_clients(self):
        for process, *_ in self.clients:
            process.terminate()
        self.end(self.pipe, signal.SIGTERM)
        self.piped = self.pipe.stdout.read().strip()
        if self.pipe.returncode != 0:
            self.fault("xodb-req lost something, see above")
        end = time.monotonic() + queries.PATIENCE / 1000 + 5
        for process, *_ in self.clients:
            try:
                process.wait(timeout=max(0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.fault("a client did not get its last answers", process.args[4])
                process.kill()
                process.wait()
            if process.returncode not in (0, -signal.SIGKILL):
                self.fault("a client failed", process.args[4], process.returncode)

    def check_rest(self):
        """Nobody asks any more: nobody computes any more."""
        self.pass_time(1)
        before = self.computed()
        self.pass_time(1)
        self.idle = self.computed() - before
        if self.idle > 0.1:
            self.fault("the cluster computes though nobody asks", f"{self.idle:.2f} s in 1 s")
        self.samples.take(self.events.pid)

    def computed(self):
        return sum(processes.cpu_seconds(pid) for _, pid in self.cluster.members())

    def check_remains(self):
        remains = self.cluster.remains()
        for pid in remains:
            self.fault("left behind", pid, processes.command(pid), processes.environment(pid).get("XODB_NAME"))
            os.kill(pid, signal.SIGKILL)
        left = os.listdir(f"{self.cluster.run}/events")
        if left:
            self.fault("sockets left behind", left)

    def judge(self):
        clients = [records.Client(path.name.partition(".")[2], path)
                   for path in pathlib.Path(self.work).glob("client.*")]
        offset = time.time() - time.monotonic()
        events = Events(f"{self.work}/events", offset)
        audit = Audit(clients, records.Generations(f"{self.work}/generations"),
                      records.Troubles(f"{self.work}/troubles"), events)
        audit.run()
        for exit in events.exits:
            # 79: what could not be interrupted.
            if exit.get("signal") != "KILL" and exit.get("status") not in ("0", "79"):
                audit.fault("a process ended by itself", exit)
        for what, why in self.faults + self.samples.faults():
            audit.fault(what, why)
        return audit

    def clean_up(self):
        """Also when something has failed in the middle."""
        for process in self.helpers + [process for process, *_ in self.clients]:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.cluster.outer and processes.is_alive(self.cluster.outer):
            os.kill(self.cluster.outer, signal.SIGKILL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--bin", default=str(HERE.parent.parent / "bin"))
    kinds = [make.__name__ for make in queries.SHARES]
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=kinds)
    troubles = [*PERIODS, "noise"]
    parser.add_argument("--troubles", type=lambda text: text.split(","), default=troubles)
    parser.add_argument("--keep", action="store_true", help="keep the folder in any case")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = tempfile.mkdtemp(prefix="xodb-chaos.", dir="/tmp")
    print(f"chaos: seed {options.seed}, {options.seconds:g} s", flush=True)
    run = Run(options, work)
    try:
        run.run()
    finally:
        run.clean_up()
    audit = run.judge()
    report.show(run, audit)
    if audit.faults:
        print(f"chaos: all that was noted is in {work}")
        sys.exit(1)
    if options.keep:
        print(f"chaos: all that was noted is in {work}")
    else:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
