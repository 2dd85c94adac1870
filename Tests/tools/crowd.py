"""Many clients that are connected at once, each of which asks the router something.

usage: crowd.py ENDPOINT NUMBER

Says "connected", and once all clients are answered "answered" and the seconds that took; they stay
connected until standard input ends.
"""

import resource
import sys
import time

import zmq

endpoint, number = sys.argv[1], int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

context = zmq.Context()
context.set(zmq.MAX_SOCKETS, number + 16)
start = time.monotonic()
clients = {}
poller = zmq.Poller()
for index in range(number):
    client = context.socket(zmq.DEALER if index % 2 else zmq.REQ)
    client.linger = 0
    client.connect(endpoint)
    envelope = [b""] if index % 2 else []
    client.send_multipart(envelope + [b"QUERY db=test id=%d" % index, b"echo %d" % index])
    clients[client] = index
    poller.register(client, zmq.POLLIN)
print("connected", flush=True)
waiting = number
while waiting:
    ready = poller.poll(60_000)
    if not ready:
        sys.exit(f"{waiting} of {number} clients were not answered")
    for client, _ in ready:
        *_, line, rows = client.recv_multipart()
        index = clients[client]
        assert line.startswith(b"OK id=%d " % index) and rows == b"%d\n" % index, (line, rows)
        poller.unregister(client)
        waiting -= 1
print(f"answered {time.monotonic() - start:.1f}", flush=True)
sys.stdin.read()
