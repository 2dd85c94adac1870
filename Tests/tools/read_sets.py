"""Reads results of queries on several databases in chunks, over one connection.

usage: read_sets.py --in-order|--held N DB SQL

With --in-order sends N queries, grants each more only once those before it have ended, and prints the lines of
the answers. With --held takes the first chunk of each and never grants more, and then prints one line when all
have got one, or have ended.
"""

import os
import sys

import zmq

how, count, database, sql = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
socket = zmq.Context().socket(zmq.DEALER)
socket.linger = 0
socket.connect(f"ipc://{os.environ['XODB_RUN']}/clients")


def send(*frames):
    socket.send_multipart([b""] + [frame.encode() for frame in frames])


def receive():
    if not socket.poll(60_000):
        sys.exit("no answer")
    line = socket.recv_multipart()[1].decode()
    return line, int(line.split(" id=")[1].split()[0])


for number in range(count):
    send(f'QUERY db="{database}" id={number} credit=1 format=tsv deadline=50000', sql)
if how == "--held":
    heard = set()
    while len(heard) < count:
        heard.add(receive()[1])
    print("all")
    # Until its input ends, it takes what it gets.
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(sys.stdin, zmq.POLLIN)
    sys.stdout.flush()
    while not any(source != socket for source, _ in poller.poll()):
        socket.recv_multipart()
    sys.exit()
ended = set()
current = 0
while current < count:
    line, number = receive()
    if not line.startswith("MORE"):
        print(line)
        ended.add(number)
        while current in ended:
            current += 1
            if current < count and current not in ended:
                send(f"CREDIT id={current} credit=1")
    elif number == current:
        send(f"CREDIT id={number} credit=1")
