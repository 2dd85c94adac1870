"""Keeps a process from being buried: once it is killed, its parent does not hear of its end before
this program has ended.

usage: hold.py PID      prints 'held', or exits with 1 and why it may not

It becomes the process's tracer, and a tracer hears of an end first; this one never asks.
"""

import ctypes
import os
import signal
import sys

PTRACE_SEIZE = 0x4206
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
if libc.ptrace(PTRACE_SEIZE, int(sys.argv[1]), None, None) != 0:
    sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
print("held", flush=True)
signal.pause()
