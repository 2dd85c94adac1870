"""A crowd of clients that stay connected, of which the first asks something when it is told to.

usage: hold_clients.py NUMBER

Prints how many there are and, for each line of standard input, the line of an answer that came from a
worker.
"""

import os
import sys
import time

import zmq

number = int(sys.argv[1])
context = zmq.Context()


def connect():
    client = context.socket(zmq.DEALER)
    client.linger = 0
    client.reconnect_ivl = 10
    client.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    return client


first = connect()
first.send_multipart([b"", b"SHOW what=databases"])
assert first.poll(10_000), "no answer"
first.recv_multipart()
others = [connect() for _ in range(number)]
# Those that are refused try again without end.
time.sleep(1)
print(number, flush=True)
for _ in sys.stdin:
    first.send_multipart([b"", b"QUERY db=test deadline=10000", b"echo again"])
    assert first.poll(20_000), "no answer"
    print(first.recv_multipart()[1].decode(), flush=True)
