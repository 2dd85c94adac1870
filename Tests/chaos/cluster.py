"""A cluster as bin/start.sh composes it, in a run directory of its own, and who is who in it."""

import os
import subprocess

import processes

OWN = ("XODB_NAME", "XODB_GENERATION", "XODB_SUPERVISOR", "XODB_GRACE_MS", "XODB_READY_FD", "XODB_LIFELINE_FD",
       "XODB_PID")


class Cluster:
    """Its roles: `outer`, the supervisor of all; `router-supervisor` and `workers-supervisor`;
    `router`; `worker`; `guardian`, which each supervisor has."""

    def __init__(self, bin, run, data, workers):
        self.bin, self.run, self.data, self.workers = bin, run, data, workers
        self.environment = {key: value for key, value in os.environ.items() if key not in OWN}
        self.environment["XODB_RUN"] = run
        self.endpoint = f"ipc://{run}/clients"
        self.outer = None

    def start(self):
        os.mkdir(self.run, 0o700)
        self.script("start.sh", "-w", str(self.workers), self.data)
        with open(f"{self.run}/locks/cluster", encoding="ascii") as file:
            self.outer = int(file.readlines()[1])

    def stop(self):
        self.script("stop.sh")

    def script(self, name, *arguments):
        subprocess.run(
            [f"{self.bin}/{name}", *arguments], env=self.environment, stdin=subprocess.DEVNULL,
            check=True, timeout=60)

    def tool(self, name, *arguments, **options):
        """Starts one of the tools for this cluster."""
        return subprocess.Popen(
            [f"{self.bin}/{name}", *arguments], env=self.environment, stdin=subprocess.DEVNULL,
            preexec_fn=processes.end_with_parent, **options)

    def members(self):
        """All processes that the outer supervisor keeps, itself included: (role, pid)."""
        found = []
        waiting = [(self.outer, "outer")]
        while waiting:
            pid, role = waiting.pop()
            found.append((role, pid))
            for child in processes.children(pid):
                role = self.role(child)
                if role:
                    waiting.append((child, role))
        return found

    @staticmethod
    def role(pid):
        """Nil for what has not become one of the tools yet."""
        match processes.command(pid):
            case "xodb-guardian": return "guardian"
            case "xodb-router": return "router"
            case "xodb-worker": return "worker"
            case "xodb-supervise":
                name = processes.environment(pid).get("XODB_NAME")
                return {"cluster-1": "router-supervisor", "cluster-2": "workers-supervisor"}.get(name)

    def pids(self, role):
        return [pid for own, pid in self.members() if own == role]

    def remains(self):
        """All processes of this run directory, wherever they are in the tree."""
        return processes.with_environment("XODB_RUN", self.run)
