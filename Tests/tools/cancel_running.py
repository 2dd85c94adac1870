"""Cancels a query that runs, over and over, and asks for another at once.

usage: cancel_running.py N SQL

Prints how long each of those others had to wait for a worker, in microseconds.
"""

import os
import re
import sys
import time

import zmq

count, sql = int(sys.argv[1]), sys.argv[2].encode()


def answer():
    if not router.poll(20000):
        sys.exit("no answer")
    frames = router.recv_multipart()
    return frames[1].decode(), frames[2]


def is_running(number):
    router.send_multipart([b"", b"SHOW what=queue"])
    return b'"id":"%d"' % number in (rows := answer()[1]) and b'"state":"running"' in rows


with zmq.Context() as context, context.socket(zmq.DEALER) as router:
    router.linger = 0
    router.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    for number in range(count):
        router.send_multipart([b"", b"QUERY db=v id=%d" % number, sql])
        while not is_running(number):
            time.sleep(0.005)
        time.sleep(0.05)
        router.send_multipart([b"", b"CANCEL id=%d" % number])
        router.send_multipart([b"", b"QUERY db=v id=next", b"select 1"])
        line, _ = answer()
        assert line.startswith(f"ERROR id={number} code=cancelled"), line
        line, _ = answer()
        assert line.startswith("OK id=next "), line
        print(re.search(r" queue_us=([0-9]+)", line)[1])
