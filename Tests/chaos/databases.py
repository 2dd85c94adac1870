"""Databases whose content is known: that of a generation is a function of the database and its number.

`red` and `blue` are replaced by rename(2); `wal` and `plain` are written to in place, with a
write-ahead log and with a rollback journal. Run as a process, this is who does it:

    databases.py DIRECTORY JOURNAL SEED

It notes `[time, "begin", database, generation]` before a generation can be seen and
`[time, "end", …]` once it must be. TERM ends it between two changes.
"""

import os
import random
import signal
import sqlite3
import sys
import time

REPLACED = ("red", "blue")
WRITTEN = {"wal": "wal", "plain": "delete"}
NAMES = (*REPLACED, *WRITTEN)
ROWS = 1000

COLUMNS = """
  :generation as generation,
  printf('%s %d: "%d·%d"', :database, id, :generation, id * :generation % 9973) as name,
  case when id % 7 then id * :generation % 1000003 else null end as size
"""


def fill(connection, database, generation):
    """Makes the tables of a generation in an empty database."""
    known = {"database": database, "generation": generation, "rows": ROWS}
    connection.execute("create table meta(generation integer)")
    connection.execute(
        "create table item(id integer primary key, generation integer, name text, size integer)")
    connection.execute("insert into meta values(:generation)", known)
    connection.execute(
        f"""with recursive n(id) as (select 1 union all select id + 1 from n where id < :rows)
        insert into item select id, {COLUMNS} from n""", known)


def advance(connection, database, generation):
    """Turns the content of an earlier generation into that of this one."""
    known = {"database": database, "generation": generation}
    connection.execute("update meta set generation = :generation", known)
    connection.execute(
        f"""update item set (generation, name, size) =
        (select generation, name, size from (select {COLUMNS}))""", known)


class Writer:
    def __init__(self, directory, journal):
        self.directory, self.journal = directory, journal
        self.generations = dict.fromkeys(NAMES, 0)
        self.connections = {}

    def create(self):
        for name in REPLACED:
            self.replace(name)
        for name, mode in WRITTEN.items():
            connection = sqlite3.connect(
                f"{self.directory}/{name}.db", isolation_level=None, timeout=60)
            connection.execute(f"pragma journal_mode = {mode}")
            connection.execute("pragma synchronous = off")
            self.connections[name] = connection
            self.write(name, fill)

    def change(self, name):
        if name in REPLACED:
            self.replace(name)
        else:
            self.write(name, advance)

    def replace(self, name):
        self.generations[name] += 1
        generation = self.generations[name]
        # Hidden from the cluster until it has its name.
        path = f"{self.directory}/.{name}"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma synchronous = off")
        connection.execute("begin")
        fill(connection, name, generation)
        connection.execute("commit")
        connection.close()
        self.journal.note("begin", name, generation)
        os.rename(path, f"{self.directory}/{name}.db")
        self.journal.note("end", name, generation)

    def write(self, name, change):
        self.generations[name] += 1
        generation = self.generations[name]
        connection = self.connections[name]
        connection.execute("begin immediate")
        change(connection, name, generation)
        self.journal.note("begin", name, generation)
        connection.execute("commit")
        self.journal.note("end", name, generation)


def main():
    import journal

    directory, log, seed = sys.argv[1:]
    is_ending = []
    signal.signal(signal.SIGTERM, lambda *_: is_ending.append(True))
    chance = random.Random(int(seed))
    writer = Writer(directory, journal.Journal(log))
    writer.create()
    print("ready", flush=True)
    while not is_ending:
        time.sleep(chance.uniform(0.02, 0.2))
        writer.change(chance.choice(NAMES))


if __name__ == "__main__":
    main()
