"""The programs that the benchmark runs: each ends with it, whatever happens."""

import ctypes
import os
import signal
import subprocess

# What a supervisor would have set.
SUPERVISED = ("XODB_NAME", "XODB_GENERATION", "XODB_SUPERVISOR", "XODB_GRACE_MS", "XODB_READY_FD",
              "XODB_LIFELINE_FD", "XODB_PID")
# A program that takes so many seconds has hung.
PATIENCE = 600.0
LIBC = ctypes.CDLL(None)


class Failed(Exception):
    """Something could not be measured, and why."""


def end_with_parent():
    """For the child, between fork and exec: SIGKILL when the parent dies."""
    LIBC.prctl(1, signal.SIGKILL)


def environment(run=None):
    pairs = {key: value for key, value in os.environ.items() if key not in SUPERVISED}
    return pairs | ({"XODB_RUN": run} if run else {})


def start(command, **options):
    return subprocess.Popen(
        list(map(str, command)), preexec_fn=end_with_parent,
        **{"stdin": subprocess.DEVNULL, **options})


def stop(processes, how=signal.SIGTERM, patience=10.0):
    """Ends processes, and waits for them; those that do not end are killed."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(how)
    for process in processes:
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(command, patience=PATIENCE, **options):
    """Runs a command and returns what it printed; fails with the end of its standard error."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = start(command, **{**streams, **options})
    try:
        output, errors = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise Failed(f"{os.path.basename(command[0])}: not done after {patience:g} s") from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        said = (errors or "").strip().splitlines() or [f"{command[0]}: status {process.returncode}"]
        raise Failed(said[-1])
    return output


def peak_mib(process):
    """The largest resident set that a running process has had."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise Failed(f"process {process.pid} has ended")
