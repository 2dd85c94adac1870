"""Sends what is no message of ours to every socket of a cluster: those that a router and a
supervisor listen on, and those by which they and others listen to publishers.

usage: garbage.py TCP-PORT
"""

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


publishers = os.listdir(f"{run}/events")
raw(socket.AF_INET, ("127.0.0.1", int(sys.argv[1])))
for name in ["clients", "workers"] + [f"events/{name}" for name in publishers]:
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

# Subscribers that say what no subscriber says.
for name in publishers:
    subscriber = context.socket(zmq.XSUB)
    subscriber.linger = 1000
    subscriber.connect(f"ipc://{run}/events/{name}")
    for size in (0, 1, 255, 900):
        subscriber.send(b"\1" + b"\xff" * size)
    for _ in range(3000):
        text = random.choice(texts[:9])
        subscriber.send(random.choice((b"", b"\0", b"\1", b"\2")) + text)
    subscriber.send_multipart([b"\1"] * 100)
    subscriber.send_multipart([b"\1", b"x" * 100_000])  # more than it may say
    time.sleep(0.2)
    subscriber.send(b"\1" * 100_000)
    subscriber.close()
for kind in (zmq.SUB, zmq.PUSH, zmq.PAIR, zmq.REP, zmq.ROUTER):
    for name in ["clients", "workers"] + [f"events/{name}" for name in publishers]:
        stranger = context.socket(kind)
        stranger.connect(f"ipc://{run}/{name}")
        time.sleep(0.01)
        stranger.close(linger=0)

# A publisher that says what no publisher says.
publisher = context.socket(zmq.XPUB)
publisher.sndhwm = 0
publisher.bind(f"ipc://{run}/events/garbage")
publisher.poll(5000)
time.sleep(0.5)
heads = [b"", b"state", b"worker.exited", b"worker.exited name=workers-1 generation=1",
         b"worker.exited publisher=garbage incarnation=%d seq=%d name=workers-1 generation=%d",
         b"state publisher=garbage incarnation=1 seq=%d role=supervisor",
         b"state publisher=garbage incarnation=1 seq=1 role=router workers=x",
         b"request.cancelled publisher=garbage incarnation=%d seq=%d job=%d try=%d"]
numbers = [0, 1, -1, 2**63 - 1, -(2**63), 2**63, 2**70]
for _ in range(2000):
    head = random.choice(heads)
    head %= tuple(random.choice(numbers) for _ in range(head.count(b"%d")))
    publisher.send_multipart([head] + [random.choice(texts) for _ in range(random.randint(0, 4))])
for name in range(3000):
    publisher.send(b"worker.started publisher=p%d incarnation=1 seq=%d name=x generation=1"
                   % (name, name))
publisher.send_multipart([b"state publisher=garbage incarnation=2 seq=1 role=supervisor"]
                         + [b"x-1 name=x-1 generation=1 phase=ready"] * 3000)
publisher.send(b"test.event publisher=garbage incarnation=2 seq=2 x=" + b"x" * 200_000)
time.sleep(1)
context.destroy(linger=0)
os.unlink(f"{run}/events/garbage")
