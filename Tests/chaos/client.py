"""A client process of the chaos: sends queries, notes what it sent and what came, judges nothing.

    client.py ENDPOINT JOURNAL NAME SEED MANNER RATE KINDS

A manner is one of
    dealer   many in flight; when the connection is lost, all that was in flight is sent again
    req      in lock-step, with the same ear for the connection
    readme   in lock-step, with a new socket for each query and a time-out: the README's client

TERM ends it once everything in flight has its answer. It notes

    up CONNECTION                      the connection stands
    lost CONNECTION                    it does not any more (readme: no answer in time)
    send CONNECTION ID QUERY…          about to be sent
    cancel CONNECTION ID
    answer CONNECTION LINE HEAD SIZE DIGEST   the body's first line, its bytes and their SHA-256
    end                                all that was in flight has been answered
"""

import hashlib
import heapq
import itertools
import json
import random
import signal
import sys
import time

import zmq
from zmq.utils.monitor import recv_monitor_message

import journal
import queries

WINDOW = 200


class Connection:
    """One socket to the router; its number tells it from those before it."""

    def __init__(self, client, number):
        self.number, self.log = number, client.log
        self.is_dealer = client.manner == "dealer"
        self.socket = client.context.socket(zmq.DEALER if self.is_dealer else zmq.REQ)
        self.socket.linger = 0
        self.socket.reconnect_ivl, self.socket.reconnect_ivl_max = 10, 50
        self.socket.sndhwm = self.socket.rcvhwm = 0
        self.monitor = self.socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        self.socket.connect(client.endpoint)
        self.poller = zmq.Poller()
        self.poller.register(self.socket, zmq.POLLIN)
        self.poller.register(self.monitor, zmq.POLLIN)

    def close(self):
        self.socket.disable_monitor()
        self.monitor.close(linger=0)
        self.socket.close(linger=0)

    def send(self, identity, query):
        line = f"QUERY db={query.database} id={identity} format=json deadline={query.deadline}"
        frames = [line.encode(), query.sql.encode(), json.dumps(query.parameters).encode()]
        self.log.note("send", self.number, identity, query.kind, query.database, query.sql,
                      query.parameters, query.deadline, query.copies)
        for _ in range(query.copies):
            self.socket.send_multipart([b"", *frames] if self.is_dealer else frames)

    def cancel(self, identity):
        self.log.note("cancel", self.number, identity)
        self.socket.send_multipart([b"", f"CANCEL id={identity}".encode()])

    def receive(self):
        """The id of the next answer, which is noted; nil when there is none."""
        if not self.socket.poll(0):
            return None
        frames = self.socket.recv_multipart()
        at = time.monotonic()
        line, body = frames[-2:]
        self.log.note("answer", self.number, line.decode(), body.partition(b"\n")[0].decode(),
                      len(body), hashlib.sha256(body).hexdigest(), at=at)
        return next(part[3:] for part in line.decode().split(" ") if part.startswith("id="))

    def wait(self, seconds):
        """Waits for one answer; false, and the connection counts as lost, when none has come."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.poller.poll(left * 1000)
            self.is_lost()
            if self.receive():
                return True
        self.log.note("lost", self.number)
        return False

    def is_lost(self):
        """Takes in the news of the connection."""
        is_lost = False
        while self.monitor.poll(0):
            if recv_monitor_message(self.monitor)["event"] == zmq.EVENT_DISCONNECTED:
                is_lost = True
            else:
                self.log.note("up", self.number)
        return is_lost


class Client:
    def __init__(self, endpoint, log, name, seed, manner, rate, kinds):
        self.endpoint, self.name, self.manner, self.rate = endpoint, name, manner, rate
        self.kinds = kinds
        self.log = journal.Journal(log)
        self.chance = random.Random(seed)
        self.context = zmq.Context()
        self.numbers = itertools.count(1)
        self.connections = itertools.count(1)
        self.in_flight = {}
        self.cancels = []
        self.is_ending = False
        signal.signal(signal.SIGTERM, self.end)

    def end(self, *_):
        self.is_ending = True

    def draw(self):
        return queries.draw(self.chance, self.kinds, can_cancel=self.manner == "dealer")

    def send(self, connection, query):
        identity = f"{self.name}-{next(self.numbers)}"
        self.in_flight[identity] = query
        connection.send(identity, query)
        if query.cancel_after is not None:
            heapq.heappush(self.cancels, (time.monotonic() + query.cancel_after, identity))

    def run(self):
        """Any number in flight, or one."""
        connection = Connection(self, next(self.connections))
        window = WINDOW if self.manner == "dealer" else 1
        due = time.monotonic()
        while self.in_flight or not self.is_ending:
            now = time.monotonic()
            if now >= due and not self.is_ending and len(self.in_flight) < window:
                self.send(connection, self.draw())
                # What was missed is not made up for.
                due = max(due, now - 0.1) + self.chance.expovariate(self.rate)
            while self.cancels and self.cancels[0][0] <= now:
                identity = heapq.heappop(self.cancels)[1]
                if identity in self.in_flight:
                    connection.cancel(identity)
            has_room = not self.is_ending and len(self.in_flight) < window
            next_time = min([due] * has_room + [time for time, _ in self.cancels[:1]], default=now + 1)
            connection.poller.poll(max(0, next_time - time.monotonic()) * 1000)
            is_lost = connection.is_lost()
            while identity := connection.receive():
                self.in_flight.pop(identity, None)
            if is_lost:
                connection = self.reconnect(connection)
        connection.close()

    def reconnect(self, connection):
        """Sends again what was in flight."""
        self.log.note("lost", connection.number)
        connection.close()
        connection = Connection(self, next(self.connections))
        lost, self.in_flight, self.cancels = self.in_flight, {}, []
        for query in lost.values():
            self.send(connection, query)
        return connection

    def run_as_in_readme(self):
        while not self.is_ending:
            query = self.draw()
            for _ in range(10):
                connection = Connection(self, next(self.connections))
                identity = f"{self.name}-{next(self.numbers)}"
                connection.send(identity, query)
                has_answer = connection.wait(query.deadline / 1000 + 1)
                connection.close()
                if has_answer:
                    break
            time.sleep(self.chance.expovariate(self.rate))


def main():
    endpoint, log, name, seed, manner, rate, kinds = sys.argv[1:]
    client = Client(endpoint, log, name, int(seed), manner, float(rate), set(kinds.split(",")))
    if manner == "readme":
        client.run_as_in_readme()
    else:
        client.run()
    client.log.note("end")


if __name__ == "__main__":
    main()
