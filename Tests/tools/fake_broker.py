#!/usr/bin/python3
"""A router as one worker sees it, for tests of workers: does what its arguments say, in order.

    fake_broker.py [--incarnation N] COMMAND...

    ready                  waits for READY and prints it
    run MS SQL             gives the worker the next job, with so much time
    answer                 waits for an answer and prints it, with the ms since its job was given
    silence MS             fails if an answer comes within so long
    cancel JOB TRY [NAME]  publishes that the attempt is taken back; of NAME instead of this worker
    repeat JOB TRY         has the state say so instead, from now on
    stop                   publishes that the worker's supervisor ends it
    changes MS             prints the change notes of so long, with the ms between them
    bye                    tells the worker to end
    restart                becomes the next incarnation
    wait MS                waits
    signal FILE            makes a file
"""

import argparse
import os
import shlex
import sys
import time

import zmq

run = os.environ["XODB_RUN"]


def pairs(line):
    return dict(pair.split("=", 1) for pair in shlex.split(line)[1:])


class Broker:
    def __init__(self, incarnation):
        self.incarnation = incarnation
        self.member = "name=nobody generation=0"
        self.job = 0
        self.open()

    def open(self):
        self.context = zmq.Context()
        self.workers = self.context.socket(zmq.ROUTER)
        self.workers.bind(f"ipc://{run}/workers")
        self.events = self.context.socket(zmq.XPUB)
        self.events.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.events.bind(f"ipc://{run}/events/router")
        self.sequence = 0
        self.taken_back = None
        self.state_due = 0
        self.reports = []
        self.changes = []

    def publish(self, line, *members):
        word, _, rest = line.partition(" ")
        if word != "state":
            self.sequence += 1
        header = (f"{word} time=2026-11-21T08:00:00.000000Z publisher=router"
                  f" incarnation={self.incarnation} seq={self.sequence} {rest}").rstrip()
        self.events.send_multipart([part.encode() for part in (header, *members)])

    def publish_state(self):
        self.state_due = time.monotonic() + 1
        members = [self.taken_back] if self.taken_back else []
        self.publish(f"state role=router workers=ipc://{run}/workers", *members)

    def turn(self, seconds):
        """Serves the sockets until something has come from a worker, for so long at most."""
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            if now >= self.state_due:
                self.publish_state()
            left = max(0, min(end, self.state_due) - now)
            ready = dict(self.poll(left))
            if self.events in ready:
                self.events.recv()
                self.publish_state()
            if self.workers in ready:
                self.take(self.workers.recv_multipart())
                return
            if time.monotonic() >= end:
                return

    def poll(self, seconds):
        poller = zmq.Poller()
        poller.register(self.workers, zmq.POLLIN)
        poller.register(self.events, zmq.POLLIN)
        return poller.poll(seconds * 1000)

    def take(self, frames):
        assert frames[1] == b"", frames
        line = frames[2].decode()
        if line.startswith("CHANGED "):
            assert len(frames) == 3, frames
            self.changes.append((time.monotonic(), line))
        else:
            assert line.startswith("READY "), frames
            self.reports.append(frames)

    def next_report(self, seconds=30):
        end = time.monotonic() + seconds
        while not self.reports and time.monotonic() < end:
            self.turn(end - time.monotonic())
        return self.reports.pop(0) if self.reports else None

    def command(self, word, *arguments):
        getattr(self, "do_" + word)(*arguments)
        sys.stdout.flush()

    def do_ready(self):
        report = self.next_report()
        assert report and len(report) == 4, report
        self.peer = report[0]
        line = report[2].decode()
        told = pairs(line)
        self.member = f"name={told['name']} generation={told['generation']}"
        print(line)

    def do_run(self, milliseconds, *words):
        self.job += 1
        self.begun = time.monotonic()
        line = f"JOB job={self.job} try=1 db=test format=json deadline={milliseconds}".encode()
        sql = " ".join(words).encode()
        packed = b"".join(b"%d:%s," % (len(text), text) for text in (line, sql))
        self.workers.send_multipart([self.peer, b"", b"RUN", packed, b""])

    def do_answer(self):
        report = self.next_report()
        assert report and len(report) == 6, report
        milliseconds = int((time.monotonic() - self.begun) * 1000)
        length, _, line = report[4].partition(b":")
        line = line[:int(length)].decode()
        rows = report[5].decode().rstrip("\n")
        if len(rows) > 100:
            rows = f"{len(rows)} bytes"
        print(f"pid={pairs(report[2].decode())['pid']} after={milliseconds} {line} | {rows}")

    def do_silence(self, milliseconds):
        assert self.next_report(int(milliseconds) / 1000) is None, "an answer"

    def do_cancel(self, job, number, name=None):
        member = f"name={name} generation=1" if name else self.member
        self.publish(f"request.cancelled {member} job={job} try={number}")

    def do_repeat(self, job, number):
        self.taken_back = f"request.cancelled {self.member} job={job} try={number}"
        self.publish_state()

    def do_stop(self):
        self.publish(f"worker.stopping {self.member}")

    def do_changes(self, milliseconds):
        end = time.monotonic() + int(milliseconds) / 1000
        while time.monotonic() < end:
            self.turn(end - time.monotonic())
        before = None
        for at, line in self.changes:
            gap = 0 if before is None else (at - before) * 1000
            print(f"gap={gap:.1f} {line}")
            before = at
        print(f"{len(self.changes)} notes")
        self.changes = []

    def do_bye(self):
        self.workers.send_multipart([self.peer, b"", b"BYE"])

    def do_restart(self):
        self.context.destroy(linger=0)
        self.incarnation += 1
        self.job = 0
        self.open()

    def do_wait(self, milliseconds):
        end = time.monotonic() + int(milliseconds) / 1000
        while time.monotonic() < end:
            self.turn(end - time.monotonic())

    def do_signal(self, path):
        open(path, "w").close()


parser = argparse.ArgumentParser()
parser.add_argument("--incarnation", type=int, default=1)
parser.add_argument("commands", nargs="+")
options = parser.parse_args()
broker = Broker(options.incarnation)
for command in options.commands:
    broker.command(*command.split(" "))
# What was sent last is to arrive.
broker.context.destroy(linger=1000)
