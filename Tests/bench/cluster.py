"""Workers behind a broker: XODB's router, or the plain one that they are compared with."""

import os
import tempfile
import time

import processes
from processes import Failed

READY_SECONDS = 30.0
# As many workers as bin/start.sh starts.
STARTED = os.cpu_count() + 1


class Cluster:
    """Started on entry, ended on exit; its sockets are in a folder of its own."""

    def __init__(self, bench, data, workers=2, router=None, worker=()):
        """`router` is what it is started by if not by itself, and `worker` further options of the
        workers."""
        self.bench, self.data, self.count = bench, data, workers
        self.router_command = router or [self.router_program(bench)]
        self.worker_options = worker
        self.run = tempfile.mkdtemp(prefix="c", dir=bench.temporary)
        self.endpoint = f"ipc://{self.run}/clients"
        self.environment = processes.environment(self.run)
        self.router, self.workers = None, []

    def __enter__(self):
        for folder in ("events", "locks"):
            os.mkdir(f"{self.run}/{folder}", 0o700)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        processes.stop([*self.workers, *([self.router] if self.router else [])])

    def start(self):
        with open(f"{self.run}/log", "wb") as log:
            self.start_router(log)
            for _ in range(self.count):
                self.workers.append(processes.start(
                    [self.bench.tool("xodb-worker"), "--data", self.data, *self.worker_options],
                    env=self.environment, stdout=log, stderr=log))
        end = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if time.monotonic() > end or self.router.poll() is not None:
                with open(f"{self.run}/log", encoding="utf-8", errors="replace") as log:
                    said = "; ".join(log.read().splitlines()[-3:])
                raise Failed(f"the cluster does not become ready: {said}")
            time.sleep(0.05)

    @staticmethod
    def router_program(bench):
        return bench.tool("xodb-router")

    def start_router(self, log):
        self.router = processes.start(
            self.router_command, env=self.environment, stdout=log, stderr=log)

    def is_ready(self):
        try:
            return len(self.show("workers")) == self.count
        except Failed:
            return False

    def request(self, *arguments):
        """The command line of a request."""
        return [self.bench.tool("xodb-req"), "--router", self.endpoint, *arguments]

    def show(self, subject):
        return processes.run(self.request("--show", subject, "-f", "tsv")).splitlines()


class PlainCluster(Cluster):
    """The same workers behind a plain LRU broker."""

    @staticmethod
    def router_program(bench):
        return bench.program("lru_broker")

    def start_router(self, log):
        self.router = processes.start([*self.router_command, self.run], stdout=log, stderr=log)

    def is_ready(self):
        # It says so when one has joined.
        with open(f"{self.run}/log", encoding="utf-8") as log:
            return log.read().count("joined\n") == self.count
