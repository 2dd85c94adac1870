"""Connects to a router with a routing id of its own choice, and asks it something.

usage: choose_id.py [--split] [--old] HEX ...

Speaks ZMTP itself, with --split a byte at a time and with --old as ZMTP 2. Prints for each id
"refused" or the answer's line.
"""

import os
import socket
import sys
import time

split, old = "--split" in sys.argv, "--old" in sys.argv


def frame(flags, body):
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | 2]) + len(body).to_bytes(8, "big") + body


def handshake(identity):
    """What is said until the other side has answered, and after that."""
    signature = b"\xff" + bytes(8) + b"\x7f"
    if old:
        return signature + b"\1\5", frame(0, identity)
    ready = b"\5READY"
    properties = {b"Socket-Type": b"DEALER", b"X-IIdentity": b"I" * 9, b"Identity": identity}
    for name, value in properties.items():
        ready += bytes([len(name)]) + name + len(value).to_bytes(4, "big") + value
    return signature + b"\3\0NULL".ljust(54, b"\0"), frame(4, ready)


def say(connection, message):
    for part in [bytes([byte]) for byte in message] if split else [message]:
        connection.sendall(part)
        time.sleep(0.001 if split else 0)


def answer(connection, mark):
    received = b""
    while mark not in received:
        part = connection.recv(1000)
        if not part:
            raise ConnectionError
        received += part


for identity in sys.argv[1:]:
    if identity.startswith("--"):
        continue
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(10)
    connection.connect(os.environ["XODB_RUN"] + "/clients")
    try:
        greeting, ready = handshake(bytes.fromhex(identity))
        say(connection, greeting)
        answer(connection, b"\x7f")
        say(connection, ready)
        say(connection, frame(1, b"") + frame(0, b"SHOW what=databases"))
        answer(connection, b"OK rows=")
        print("answered")
    except ConnectionError:
        print("refused")
