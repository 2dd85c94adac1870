"""Asks without end through several connections at once, and sees to it that each request gets one
answer.

usage: load.py CONNECTIONS WINDOW DB SQL

Each connection has WINDOW requests in flight. TERM ends the asking, and so does, for its connection,
an answer `draining`; what is under way then is waited for. SQL gets the request's number as its
parameter; an answer of `select ?1 as n` must have that number in it.

Prints how many were asked, how many answers came of each kind, and the time of the slowest one.
Exits with 1 when a request has no answer after 20 s, or has two, or one that is not its own.
"""

import collections
import os
import signal
import sys
import time

import zmq

connections, window, db, sql = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
is_asking = True


def stop(*_):
    global is_asking
    is_asking = False


signal.signal(signal.SIGTERM, stop)
context = zmq.Context()
poller = zmq.Poller()
in_flight = {}
counts = collections.Counter()
slowest = 0.0
asked = 0
wrong = []


def ask(router):
    global asked
    asked += 1
    in_flight[router][asked] = time.monotonic()
    line = f"QUERY db={db} id={asked}"
    router.send_multipart([b"", line.encode(), sql.encode(), b"[%d]" % asked])


def take(router, frames):
    global slowest
    line, body = frames[1].decode(), frames[2].decode()
    word, *pairs = line.split(" ")
    pairs = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    number = int(pairs["id"])
    begun = in_flight[router].pop(number, None)
    if begun is None:
        wrong.append(f"nobody waits for: {line}")
        return False
    slowest = max(slowest, time.monotonic() - begun)
    kind = "ok" if word == "OK" else pairs["code"]
    counts[kind] += 1
    if kind == "ok":
        counts["retried"] += pairs["tries"] != "1"
        if sql == "select ?1 as n" and body != f'{{"n":{number}}}\n':
            wrong.append(f"{line} {body}")
    elif kind != "draining":
        wrong.append(line)
    return kind != "draining"


for _ in range(connections):
    router = context.socket(zmq.DEALER)
    router.linger = 0
    router.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    poller.register(router, zmq.POLLIN)
    in_flight[router] = {}
    for _ in range(window):
        ask(router)
asking = set(in_flight)
end = None
while is_asking and asking or any(in_flight.values()):
    if not (is_asking and asking):
        end = end or time.monotonic() + 20
        if time.monotonic() > end:
            break
    for router, _ in poller.poll(100):
        while router.poll(0):
            if not take(router, router.recv_multipart()):
                asking.discard(router)
            if is_asking and router in asking:
                ask(router)
# A second answer would come now.
for router, _ in poller.poll(300):
    wrong.append(f"one too many: {router.recv_multipart()[1].decode()}")
missing = sum(map(len, in_flight.values()))
kinds = " ".join(f"{kind}={counts[kind]}" for kind in ["ok", "draining", "retried"])
print(f"asked={asked} {kinds} missing={missing} wrong={len(wrong)} slowest_ms={slowest * 1000:.0f}")
for line in wrong[:10]:
    print(line, file=sys.stderr)
sys.exit(bool(missing or wrong))
