"""Sends a router large requests as fast as it takes them, and prints for how long, at most, it did not
say meanwhile that it lives, in milliseconds.

usage: large_flood.py CONNECTIONS REQUESTS NOTICES

Each connection sends so many REQUESTS. NOTICES is the reading end of what the router has in
XODB_READY_FD.
"""

import os
import sys
import time

import zmq

connections, requests = int(sys.argv[1]), int(sys.argv[2])
notices = open(sys.argv[3], "rb", 0)
context = zmq.Context(io_threads=2)
sql = zmq.Frame(b"x" * 16_000_000)
poller = zmq.Poller()
poller.register(notices, zmq.POLLIN)
for _ in range(connections):
    client = context.socket(zmq.DEALER)
    client.linger = 0
    client.sndhwm = 0
    client.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    for number in range(requests):
        client.send_multipart([b"", b"QUERY db=none id=%d" % number, sql], copy=False)
    poller.register(client, zmq.POLLIN)
waiting = connections * requests
last, longest = time.monotonic(), 0
while waiting:
    ready = poller.poll(20_000)
    if not ready:
        sys.exit("no answer")
    for source, _ in ready:
        if source == notices.fileno():
            notices.read(100)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        else:
            answer = source.recv_multipart()
            assert answer[1].startswith(b"ERROR "), answer
            waiting -= 1
print(int(max(longest, time.monotonic() - last) * 1000))
