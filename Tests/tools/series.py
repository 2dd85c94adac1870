"""Sends a series of `select ... ?1` to the router, and prints what comes of it.

usage: series.py DB SQL FIRST EACH [PARAMETERS...]

Asks for the SQL with the first parameters until it is known to be quick, then sends the series, whose ids
begin with FIRST. Without PARAMETERS, they are the ids. Prints a line for each answer: its word, id, each=
and code=, and what it has for each, until there is one for every id. Without an answer within 10 s it exits
with 1.
"""

import os
import sys

import zmq

db, sql, first, each, *sets = sys.argv[1:]
first, each = int(first), int(each)
sets = [text.encode() for text in sets] or [b"[%d]" % n for n in range(first, first + each)]


def netstrings(*texts):
    return b"".join(b"%d:%b," % (len(text), text) for text in texts)


def contents(frame):
    texts = []
    while frame:
        length, _, rest = frame.partition(b":")
        texts.append(rest[:int(length)])
        frame = rest[int(length) + 1:]
    return texts


socket = zmq.Context().socket(zmq.DEALER)
socket.linger = 0
socket.connect(f"ipc://{os.environ['XODB_RUN']}/clients")


def send(line, parameters):
    socket.send_multipart([b"", b"MANY", netstrings(line.encode(), sql.encode(), parameters)])


def answers():
    if not socket.poll(10_000):
        sys.exit("no answer")
    _, line, body = socket.recv_multipart()
    frames = contents(body) if line == b"MANY" else [line, body]
    return zip(frames[::2], frames[1::2])


for _ in range(20):
    send(f"QUERY db={db} format=tsv id=999999", sets[0])
    for _ in answers():
        pass
send(f"QUERY db={db} format=tsv id={first} each={each}", netstrings(*sets))
open_ids = set(range(first, first + each))
while open_ids:
    for line, body in answers():
        word, *pairs = line.decode().split(" ")
        pairs = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        count = int(pairs.get("each", 1))
        ids = set(range(int(pairs["id"]), int(pairs["id"]) + count))
        assert ids <= open_ids, (line, open_ids)
        open_ids -= ids
        rows = contents(body) if "each" in pairs and word == "OK" else [body]
        values = [text.decode().replace("\n", "/") for text in rows]
        assert word != "OK" or len(values) == count, (line, body)
        print(word, pairs["id"], pairs.get("each", "-"), pairs.get("code", "-"), *values)
