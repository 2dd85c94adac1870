"""Sends what is no message of ours to every socket of a run directory, again and again.

    noise.py RUN_DIRECTORY SEED

It counts its rounds on standard output. It is a publisher of nonsense as well.
"""

import os
import random
import socket
import sys
import time

import zmq

# What looks like a message at first: nothing that claims to be somebody else.
TEXTS = (
    b"", b"READY", b"QUERY", b"QUERY db=red id=1", b"QUERY db=red id=1 deadline=-1", b"CANCEL",
    b"CANCEL id=1", b"SHOW what=databases", b"SHOW what=everything", b"READY name=x generation=1 pid=1",
    b"READY name=x generation=1 pid=1 databases=changed", b"OK job=1 try=1 rows=1 run_us=1",
    b"ERROR job=1 try=1 code=sql run_us=1", b"VERSION db=red version=1",
    b"CHANGED name=x generation=1 db=red", b"database name=noise", b"\xff\xfe", b"x" * 70_000,
    b"select 1", b"[]", b"[1", b"{", b"worker.exited name=x generation=1", b'a="', b"a b=c b=d",
)


def frames(chance):
    return [chance.choice(TEXTS) if chance.random() < 0.9 else chance.randbytes(chance.randrange(300))
            for _ in range(chance.randint(1, 8))]


def break_in(path, chance):
    """Bytes that are no ZMTP, or break it off."""
    greeting = b"\xff" + b"\0" * 8 + b"\x01\x7f\x03\0NULL" + b"\0" * 48
    for data in (b"", b"\0" * 100, b"GET / HTTP/1.0\r\n\r\n", chance.randbytes(3000), greeting,
                 greeting + b"\xff" * 64, greeting + b"\x04\x19\x05READY" + chance.randbytes(100)):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(0.2)
            try:
                connection.connect(path)
                connection.sendall(data)
            except OSError:
                pass  # it hung up, or is away just now


def talk(context, kind, path, chance):
    with context.socket(kind) as peer:
        peer.linger = 0
        peer.connect(f"ipc://{path}")
        for _ in range(30):
            message = frames(chance)
            try:
                peer.send_multipart(message if chance.random() < 0.3 else [b"", *message], zmq.NOBLOCK)
            except zmq.Again:
                break
        time.sleep(0.05)


def main():
    run, seed = sys.argv[1:]
    chance = random.Random(int(seed))
    context = zmq.Context()
    publisher = context.socket(zmq.PUB)
    publisher.linger = 0
    publisher.bind(f"ipc://{run}/events/noise")
    while True:
        print("round", flush=True)
        paths = [f"{run}/clients", f"{run}/workers"]
        paths += [f"{run}/events/{name}" for name in os.listdir(f"{run}/events") if name != "noise"]
        for path in paths:
            break_in(path, chance)
            # XSUB may say anything to a publisher.
            talk(context, zmq.XSUB if "/events/" in path else zmq.DEALER, path, chance)
            for _ in range(20):
                publisher.send_multipart(frames(chance))
        time.sleep(chance.uniform(0.2, 0.6))


if __name__ == "__main__":
    main()
