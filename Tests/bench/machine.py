"""What the figures were measured on."""

import ctypes
import os
import platform
import shutil
import subprocess

import postgres


def describe():
    """Pairs of what and which."""
    return {
        "processor": f"{processor()}, {len(os.sched_getaffinity(0))} cores",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libzmq": libzmq(),
        "sqlite3": version(["sqlite3", "--version"]),
        "PostgreSQL": version([postgres.find("postgres"), "--version"]),
    }


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def libzmq():
    try:
        library = ctypes.CDLL("libzmq.so.5")
    except OSError:
        return "unknown"
    numbers = [ctypes.c_int() for _ in range(3)]
    library.zmq_version(*map(ctypes.byref, numbers))
    return ".".join(str(number.value) for number in numbers)


def version(command):
    if command[0] is None or shutil.which(command[0]) is None:
        return "not installed"
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return next((word for word in words if word[0].isdigit()), "unknown")
