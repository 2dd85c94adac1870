"""A ZeroMQ client of the tests: sends one message and prints the frames of the answer, one a line.

usage: client.py [--dealer] [--raw] [--correlate] [--envelope TEXT] [--endpoint E] FRAME ...

A FRAME of the form hex:... is sent as those bytes. Without an answer within 10 s it exits with 1.
"""

import argparse
import ctypes
import os
import signal
import sys

import zmq

# Whoever ends a command of the shell in the background ends a shell, of which this is the child.
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

parser = argparse.ArgumentParser()
parser.add_argument("--dealer", action="store_true", help="a DEALER, which sends the empty frame")
parser.add_argument("--raw", action="store_true", help="a DEALER that sends just these frames")
parser.add_argument("--correlate", action="store_true", help="REQ_CORRELATE and REQ_RELAXED")
parser.add_argument("--envelope", action="append", default=[], help="a frame before the empty one")
parser.add_argument("--endpoint", default=f"ipc://{os.environ['XODB_RUN']}/clients")
parser.add_argument("frames", nargs="*")
options = parser.parse_args()


def encode(frame):
    return bytes.fromhex(frame[4:]) if frame.startswith("hex:") else frame.encode()


dealer = options.dealer or options.raw or options.envelope
socket = zmq.Context().socket(zmq.DEALER if dealer else zmq.REQ)
socket.linger = 0
if options.correlate:
    socket.setsockopt(zmq.REQ_RELAXED, 1)
    socket.setsockopt(zmq.REQ_CORRELATE, 1)
socket.connect(options.endpoint)
frames = [encode(frame) for frame in options.frames]
if dealer and not options.raw:
    frames = [encode(frame) for frame in options.envelope] + [b""] + frames
socket.send_multipart(frames)
if not socket.poll(10_000):
    sys.exit("no answer")
answer = socket.recv_multipart()
if dealer and not options.raw:
    expected = [encode(frame) for frame in options.envelope] + [b""]
    assert answer[: len(expected)] == expected, answer
    answer = answer[len(expected) :]
for frame in answer:
    sys.stdout.write(frame.decode(errors="backslashreplace").removesuffix("\n") + "\n")
