"""Has a router show a long queue again and again, and prints for how long, at most, it did not say
meanwhile that it lives, in milliseconds.

usage: show_flood.py REQUESTS SHOWS NOTICES

NOTICES is the reading end of what the router has in XODB_READY_FD.
"""

import os
import sys
import time

import zmq

requests, shows, notices = int(sys.argv[1]), int(sys.argv[2]), open(sys.argv[3], "rb", 0)
context = zmq.Context()
client = context.socket(zmq.DEALER)
client.linger = 0
client.sndhwm = client.rcvhwm = 0
client.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
for number in range(requests):
    client.send_multipart([b"", b"QUERY db=test id=%d" % number, b"sleep 60000"])
for _ in range(shows):
    client.send_multipart([b"", b"SHOW what=queue"])
poller = zmq.Poller()
poller.register(client, zmq.POLLIN)
poller.register(notices, zmq.POLLIN)
last, longest = time.monotonic(), 0
while shows:
    ready = dict(poller.poll(20_000))
    if not ready:
        sys.exit("no answer")
    if notices.fileno() in ready:
        notices.read(100)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    if client in ready:
        answer = client.recv_multipart()
        assert answer[1].startswith((b"OK rows=1000", b"ERROR code=busy ")), answer[1]
        shows -= 1
print(int(max(longest, time.monotonic() - last) * 1000))
