"""A client process of the chaos: sends queries, notes what it sent and what came, judges nothing.

    client.py ENDPOINT JOURNAL NAME SEED MANNER RATE KINDS

A manner is one of
    dealer   many in flight; when the connection is lost, all that was in flight is sent again
    burst    the same, and many lookups are sent at once, to be run together
    req      in lock-step, with the same ear for the connection
    readme   in lock-step, with a new socket for each query and a time-out: the README's client

Results in chunks are read with CREDIT where many are in flight, and with NEXT in lock-step.

TERM ends it once everything in flight has its answer. It notes

    up CONNECTION                      the connection stands
    lost CONNECTION                    it does not any more (readme: no answer in time)
    send CONNECTION ID QUERY…          about to be sent
    cancel CONNECTION ID
    chunk CONNECTION LINE SIZE
    more CONNECTION ID                 one more chunk is asked for
    answer CONNECTION LINE HEAD SIZE DIGEST   of the whole body: its first line, its
                                       bytes and their SHA-256
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
# So many are sent at once.
BURST = 64


# So much of an answer's rows is noted, in bytes: a row or some.
HEAD = 300

class Connection:
    """One socket to the router; its number tells it from those before it."""

    def __init__(self, client, number):
        self.number, self.log = number, client.log
        self.is_dealer = client.is_dealer
        # What has come of the results that come in chunks.
        self.parts = {}
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
        # In lock-step each message has one answer.
        credit = query.credit if self.is_dealer or not query.credit else 1
        if credit:
            line += f" credit={credit}"
        frames = [line.encode(), query.sql.encode(), json.dumps(query.parameters).encode()]
        self.log.note("send", self.number, identity, query.kind, query.database, query.sql,
                      query.parameters, query.deadline, query.copies, credit)
        for _ in range(query.copies):
            self.socket.send_multipart([b"", *frames] if self.is_dealer else frames)

    def cancel(self, identity):
        self.log.note("cancel", self.number, identity)
        self.socket.send_multipart([b"", f"CANCEL id={identity}".encode()])

    def read_on(self, identity):
        """Asks for one more chunk."""
        self.log.note("more", self.number, identity)
        if self.is_dealer:
            self.socket.send_multipart([b"", f"CREDIT id={identity} credit=1".encode()])
        else:
            self.socket.send(f"NEXT id={identity}".encode())

    def receive(self):
        """The id of the next answer or chunk, which is noted, and the word; nil when there is none."""
        if not self.socket.poll(0):
            return None
        frames = self.socket.recv_multipart()
        at = time.monotonic()
        line, body = frames[-2:]
        words = line.decode().split(" ")
        identity = next(part[3:] for part in words if part.startswith("id="))
        if words[0] == "MORE":
            self.log.note("chunk", self.number, line.decode(), len(body), at=at)
            self.parts.setdefault(identity, []).append(body)
        else:
            body = b"".join([*self.parts.pop(identity, []), body])
            self.log.note("answer", self.number, line.decode(), body[:HEAD].decode(errors="replace"),
                          len(body), hashlib.sha256(body).hexdigest(), at=at)
        return identity, words[0]

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
        self.kinds = kinds & {"lookup"} or kinds if manner == "burst" else kinds
        self.is_dealer = manner in ("dealer", "burst")
        self.log = journal.Journal(log)
        self.chance = random.Random(seed)
        self.context = zmq.Context()
        self.numbers = itertools.count(1)
        self.connections = itertools.count(1)
        self.in_flight = {}
        self.cancels = []
        # When more of which results is asked for.
        self.reads = []
        self.is_ending = False
        signal.signal(signal.SIGTERM, self.end)

    def end(self, *_):
        self.is_ending = True

    def draw(self):
        return queries.draw(self.chance, self.kinds, can_cancel=self.is_dealer,
                            can_stream=self.manner != "readme")

    def send(self, connection, query):
        identity = f"{self.name}-{next(self.numbers)}"
        self.in_flight[identity] = query
        connection.send(identity, query)
        if query.cancel_after is not None:
            heapq.heappush(self.cancels, (time.monotonic() + query.cancel_after, identity))

    def run(self):
        """Any number in flight, or one."""
        connection = Connection(self, next(self.connections))
        window = WINDOW if self.is_dealer else 1
        due = time.monotonic()
        while self.in_flight or not self.is_ending:
            now = time.monotonic()
            if now >= due and not self.is_ending and len(self.in_flight) < window:
                for _ in range(BURST if self.manner == "burst" else 1):
                    self.send(connection, self.draw())
                # What was missed is not made up for.
                due = max(due, now - 0.1) + self.chance.expovariate(self.rate)
            while self.cancels and self.cancels[0][0] <= now:
                identity = heapq.heappop(self.cancels)[1]
                if identity in self.in_flight:
                    connection.cancel(identity)
            while self.reads and self.reads[0][0] <= now:
                identity = heapq.heappop(self.reads)[1]
                if identity in self.in_flight:
                    connection.read_on(identity)
            has_room = not self.is_ending and len(self.in_flight) < window
            next_time = min([due] * has_room + [time for time, _ in self.cancels[:1]]
                            + [time for time, _ in self.reads[:1]], default=now + 1)
            connection.poller.poll(max(0, next_time - time.monotonic()) * 1000)
            is_lost = connection.is_lost()
            while answer := connection.receive():
                query = self.take(*answer)
                # The answer to its last NEXT may come behind this one: nobody is to take it for his.
                if query and query.credit and answer[1] == "ERROR" and not self.is_dealer:
                    connection.close()
                    connection = Connection(self, next(self.connections))
            if is_lost:
                connection = self.reconnect(connection)
        connection.close()

    def take(self, identity, word):
        """An answer, or a chunk of one: then more is asked for, soon or after a pause. Returns the
        query."""
        if word != "MORE":
            return self.in_flight.pop(identity, None)
        query = self.in_flight.get(identity)
        if query:
            # In lock-step nothing else goes on.
            longest = query.pause if self.is_dealer else min(query.pause, 1.5)
            pause = self.chance.uniform(0.1, longest) if self.chance.random() < query.pauses else 0
            heapq.heappush(self.reads, (time.monotonic() + pause, identity))
        return query

    def reconnect(self, connection):
        """Sends again what was in flight."""
        self.log.note("lost", connection.number)
        connection.close()
        connection = Connection(self, next(self.connections))
        lost, self.in_flight, self.cancels, self.reads = self.in_flight, {}, [], []
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
