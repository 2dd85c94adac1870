"""A publisher that skips numbers, repeats them and comes back, as its standard input says.

usage: fake_publisher.py NAME LOG

    event N [WORD]     an event of number N
    state N            the state, which says that N was the last of this incarnation
    burst FROM TO      the events of these numbers, as fast as it can
    incarnation N      what comes from now on is of this incarnation
    line TEXT          this line as it is, whoever it says it is from

Every subscription is written to LOG as a line, and answered with the state once there is one.
"""

import os
import sys

import zmq

name, path = sys.argv[1:]
log = open(path, "a", buffering=1)
socket = zmq.Context().socket(zmq.XPUB)
socket.setsockopt(zmq.XPUB_VERBOSE, 1)
socket.linger = 1000
socket.bind(f"ipc://{os.environ['XODB_RUN']}/events/{name}")
incarnation = 1
state = None


def publish(word, number, *more):
    header = f"{word} time=2026-11-21T08:00:00.123456Z publisher={name} incarnation={incarnation} seq={number}"
    socket.send_multipart([" ".join([header, *more]).encode()])


def obey(words):
    global incarnation, state
    if words[0] == "event":
        publish(words[2] if len(words) > 2 else "test.event", words[1])
    elif words[0] == "state":
        state = words[1]
        publish("state", state, "role=test")
    elif words[0] == "burst":
        for number in range(int(words[1]), int(words[2]) + 1):
            publish("test.event", number, "filler=" + "x" * 100)
    elif words[0] == "incarnation":
        incarnation = int(words[1])
        state = None
    elif words[0] == "line":
        socket.send_multipart([" ".join(words[1:]).encode()])


poller = zmq.Poller()
poller.register(socket, zmq.POLLIN)
poller.register(sys.stdin.fileno(), zmq.POLLIN)
rest = b""
while True:
    ready = dict(poller.poll())
    if socket in ready and socket.recv()[:1] == b"\1":
        log.write("subscribed\n")
        if state is not None:
            publish("state", state, "role=test")
    if sys.stdin.fileno() in ready:
        data = os.read(sys.stdin.fileno(), 4096)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            obey(line.decode().split())
