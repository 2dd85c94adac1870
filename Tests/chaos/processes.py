"""What the kernel says of processes, and what a child of ours promises: to end with its parent."""

import ctypes
import os
import signal

TICKS = os.sysconf("SC_CLK_TCK")


def end_with_parent():
    """For the child, between fork and exec: SIGKILL when the parent dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def read(path):
    """A file below /proc; empty when the process is gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def command(pid):
    return read(f"/proc/{pid}/comm").decode(errors="replace").strip()


def environment(pid):
    pairs = (pair.partition(b"=") for pair in read(f"/proc/{pid}/environ").split(b"\0"))
    return {key.decode(errors="replace"): value.decode(errors="replace") for key, _, value in pairs}


def fields(pid):
    """Those of /proc/PID/stat from the third, the state, on."""
    return read(f"/proc/{pid}/stat").rpartition(b") ")[2].decode().split()


def is_alive(pid):
    stat = fields(pid)
    return bool(stat) and stat[0] not in "ZX"


def children(pid):
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


def cpu_seconds(pid, reaped=False):
    """What a process has computed for; also its children that have ended, if `reaped`."""
    stat = fields(pid)
    return sum(map(int, stat[11:15 if reaped else 13])) / TICKS if stat else 0.0


def age_seconds(pid):
    stat = fields(pid)
    uptime = float(read("/proc/uptime").split()[0])
    return uptime - int(stat[19]) / TICKS if stat else 0.0


def resident_kib(pid):
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"VmRSS:"):
            return int(line.split()[1])
    return 0


def descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def with_environment(name, value):
    """The processes that were started with this variable, zombies not counted."""
    entry = f"{name}={value}".encode()
    return [
        int(pid)
        for pid in filter(str.isdigit, os.listdir("/proc"))
        if entry in read(f"/proc/{pid}/environ").split(b"\0") and is_alive(pid)
    ]
