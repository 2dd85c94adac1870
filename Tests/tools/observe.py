"""Clients of the tests that read what others write, and check every answer.

usage: observe.py replace DATABASE FILE SECONDS WORKER...   another file takes the place of FILE
       observe.py transfer DATABASE FILE SECONDS            two accounts exchange money in FILE

It does that all the time, while several clients ask. The WORKERs are the pids of those who read.
No answer may fail, show a state that never was or was over before it was asked for, or have the
version of other data. Prints how often what was done; exits with 1 and the first wrong answer.
"""

import itertools
import os
import random
import sqlite3
import sys
import threading
import time

import zmq

CLIENTS = 4
context = zmq.Context()
wrong = []
versions = {}
answers = itertools.count()
stop = threading.Event()


def check(condition, *what):
    if not condition:
        wrong.append(what)
        stop.set()


def read(database, sql, state, judge):
    """Asks until all is over; judges each row by what `state` gave before it was asked for."""
    socket = context.socket(zmq.REQ)
    socket.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    line = f"QUERY db={database} format=tsv deadline=5000".encode()
    while not stop.is_set():
        before = state()
        socket.send_multipart([line, sql.encode()])
        if not socket.poll(8000):
            return check(False, "no answer")
        head, body = socket.recv_multipart()
        check(head.startswith(b"OK "), head)
        if head.startswith(b"OK "):
            row = tuple(int(value) for value in body.split())
            check(judge(row, before), head, body, before)
            version = dict(pair.split(b"=", 1) for pair in head.split()[1:])[b"version"]
            check(versions.setdefault(version, row) == row, "the version of other data", head, row)
            next(answers)
    socket.close(0)


def make(path, mode, number, dice):
    """A database that shows its number everywhere, of some size."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"pragma page_size={dice.choice([512, 4096])}")
    connection.execute(f"pragma journal_mode={mode}")
    connection.execute("pragma synchronous=off")
    connection.execute("create table t(g, x)")
    connection.execute(
        "with recursive n(i) as (select 1 union all select i + 1 from n limit ?) "
        "insert into t select ?, zeroblob(100) from n",
        (dice.randint(1, 200), number),
    )
    connection.close()


def has_old_file(pid):
    try:
        descriptors = os.scandir(f"/proc/{pid}/fd")
        return any(os.readlink(entry.path).endswith(".db (deleted)") for entry in descriptors)
    except FileNotFoundError:
        # It was just closed.
        return True


def write_with_log(file, pids):
    """Leaves an index of the log, which is empty again."""
    # As long as somebody has the file before this one open, SQLite takes its index for this one's.
    while any(has_old_file(pid) for pid in pids) and not stop.is_set():
        time.sleep(0.001)
    # And all have looked at this one before it gets a log with content.
    time.sleep(0.1)
    connection = sqlite3.connect(file, timeout=10, isolation_level=None)
    connection.execute("insert into t select g, zeroblob(2000) from t")
    while connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0] != 0:
        time.sleep(0.001)
    connection.close()


def replace(database, file, end, pids):
    dice = random.Random(1)
    done = 1
    logged = 0

    def judge(row, before):
        least, most, first = row
        return least == most == first and least >= before

    yield (database, "select min(g), max(g), (select g from t limit 1) from t", lambda: done, judge)
    mode = "delete"
    while time.monotonic() < end and not stop.is_set():
        new = f"{file}.new"
        if mode == "wal" and dice.random() < 0.5:
            write_with_log(file, pids)
            logged += 1
        mode = dice.choice(["wal", "delete"])
        make(new, mode, done + 1, dice)
        os.rename(new, file)
        done += 1
        time.sleep(dice.random() * 0.02)
    print("replaced", done - 1, "logged", logged)


def transfer(database, file, end, _):
    dice = random.Random(1)
    done = 0

    def judge(row, before):
        return row[0] + row[1] == 1000 and row[2] >= before

    yield (database, "select (select x from t where id = 1), (select x from t where id = 2), "
           "(select x from t where id = 3)", lambda: done, judge)
    connection = sqlite3.connect(file, timeout=10, isolation_level=None)
    connection.execute("pragma synchronous=off")
    while time.monotonic() < end and not stop.is_set():
        sum = dice.randint(-500, 500)
        connection.execute("begin immediate")
        connection.execute("update t set x = x - ? where id = 1", (sum,))
        connection.execute("update t set x = x + ? where id = 2", (sum,))
        connection.execute("update t set x = ? where id = 3", (done + 1,))
        connection.execute("commit")
        done += 1
        if dice.random() < 0.02:
            connection.execute("pragma wal_checkpoint(truncate)")
        time.sleep(dice.random() * 0.004)
    connection.close()
    print("written", done)


what, database, file, seconds, *pids = sys.argv[1:]
steps = {"replace": replace, "transfer": transfer}[what](
    database, file, time.monotonic() + float(seconds), pids
)
reading = next(steps)
threads = [threading.Thread(target=read, args=reading) for _ in range(CLIENTS)]
for thread in threads:
    thread.start()
try:
    for _ in steps:
        pass
finally:
    stop.set()
for thread in threads:
    thread.join()
if wrong:
    sys.exit(f"wrong: {wrong[0]}")
print("read", next(answers), "versions", len(versions))
