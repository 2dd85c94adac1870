"""A client that asks much, then reads nothing for a while, and then all.

usage: pause.py ENDPOINT NUMBER SIZE SECONDS

Asks the test worker NUMBER times for SIZE bytes; prints how many answers of that size came. Without an answer for 10 s
it stops waiting.
"""

import sys
import time

import zmq

endpoint, number, size, seconds = sys.argv[1], *map(int, sys.argv[2:])
socket = zmq.Context().socket(zmq.DEALER)
socket.linger = 0
# So little waits in the process that the connection is full.
socket.rcvhwm = 10
socket.connect(endpoint)
for request in range(number):
    socket.send_multipart([b"", b"QUERY db=test id=%d" % request, b"big %d" % size])
time.sleep(seconds)
whole = 0
while whole < number and socket.poll(10_000):
    _, line, *rows = socket.recv_multipart()
    if line == b"MANY":
        sys.exit("an answer that large is not packed")
    whole += line.startswith(b"OK ") and len(rows[0]) >= size
print(whole)
