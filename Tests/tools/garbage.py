"""Sends what is no message of ours to every socket of a router; its tcp port is the argument."""

import os
import random
import socket
import sys
import time

import zmq

run = os.environ["XODB_RUN"]
random.seed(1)


def raw(family, address):
    """Bytes that are no ZMTP, or break it off."""
    for data in (b"", b"\0" * 100, b"GET / HTTP/1.0\r\n\r\n", random.randbytes(5000),
                 b"\xff" + b"\0" * 8 + b"\x01\x7f\x03\0NULL" + b"\0" * 48 + b"\xff" * 64):
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.connect(address)
            try:
                connection.sendall(data)
            except OSError:
                pass  # it hung up, as it may


raw(socket.AF_INET, ("127.0.0.1", int(sys.argv[1])))
for name in ("clients", "workers", "events/router"):
    raw(socket.AF_UNIX, f"{run}/{name}")

context = zmq.Context()
texts = [b"", b"READY", b"QUERY", b"QUERY db=test id=1", b"READY name=x generation=1 pid=1",
         b"READY name=x generation=1 pid=1 databases=changed", b"OK job=1 try=1 rows=1 run_us=1",
         b"database name=test", b"\xff\xfe", b"x" * 70_000, b"echo", b"[]"]
for endpoint in (f"ipc://{run}/clients", f"ipc://{run}/workers", f"tcp://127.0.0.1:{sys.argv[1]}"):
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 1000
    dealer.connect(endpoint)
    for _ in range(2000):
        frames = [random.choice(texts) for _ in range(random.randint(1, 8))]
        dealer.send_multipart(frames if random.random() < 0.3 else [b""] + frames)
    dealer.send_multipart([b""] * 3000)
    time.sleep(0.3)
    while dealer.poll(100):
        dealer.recv_multipart()
    dealer.close()
subscriber = context.socket(zmq.SUB)
subscriber.connect(f"ipc://{run}/events/router")
for prefix in (b"", b"\xff" * 300, b"worker."):
    subscriber.subscribe(prefix)
time.sleep(0.2)
context.destroy(linger=0)
