"""A PostgreSQL of our own: a private instance in the temporary folder, over a unix socket."""

import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import time

import data
import processes
from processes import Failed

PLACES = (*sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True), "/usr/local/bin")
PIPELINE, CONNECTIONS, TRIAL = 8, 2, 500


def find(name):
    """A program's path, None when it is not installed."""
    return shutil.which(name) or next(filter(os.path.exists, (f"{p}/{name}" for p in PLACES)), None)


class Postgres:
    """Started on entry with the table kv, ended on exit. Fails with why it cannot be had."""

    def __init__(self, bench):
        self.bench, self.server, self.transactions = bench, None, None
        self.folder = f"{bench.temporary}/postgres"
        self.programs = {name: find(name) for name in ("initdb", "postgres", "psql", "pgbench")}

    def __enter__(self):
        missing = [name for name, path in self.programs.items() if path is None]
        if missing:
            raise Failed(f"skipped: {', '.join(missing)} not found")
        os.mkdir(self.folder, 0o700)
        self.user = self.other_user() if os.getuid() == 0 else {}
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.server:
            processes.stop([self.server], signal.SIGINT)

    def other_user(self):
        """The server refuses to run as root."""
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            os.chmod(self.bench.temporary, 0o711)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        raise Failed("skipped: it does not run as root, and there is no user for it")

    def start(self):
        data = f"{self.folder}/data"
        processes.run(
            [self.programs["initdb"], "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync"], cwd=self.folder, **self.user)
        with open(f"{self.folder}/log", "wb") as log:
            self.server = processes.start(
                [self.programs["postgres"], "-D", data, "-k", self.folder, "-c",
                 "listen_addresses=", "-c", "shared_buffers=256MB", "-c", "fsync=off", "-c",
                 "autovacuum=off"], stdout=log, stderr=log, cwd=self.folder, **self.user)
        end = time.monotonic() + 30
        while not self.is_ready():
            if time.monotonic() > end or self.server.poll() is not None:
                with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
                    said = "; ".join(log.read().splitlines()[-3:])
                raise Failed(f"PostgreSQL does not start: {said}")
            time.sleep(0.05)
        self.load()

    def is_ready(self):
        try:
            self.sql("select 1")
            return True
        except Failed:
            return False

    def psql(self, sql):
        """The command line of a query."""
        return [self.programs["psql"], "-X", "-q", "-h", self.folder, "-U", "bench", "-c", sql,
                "postgres"]

    def sql(self, sql, **options):
        return processes.run(self.psql(sql), **options)

    def load(self):
        self.sql("create table kv(id bigint, name text, score double precision, note text)")
        with processes.start(["sqlite3", "-csv", self.bench.table, "select * from kv"],
                             stdout=subprocess.PIPE) as rows:
            self.sql("copy kv from stdin csv", stdin=rows.stdout)
        self.sql("alter table kv add primary key (id)")
        self.sql("vacuum (analyze, freeze) kv")

    def lookups(self, seconds):
        """Lookups a second over two connections, in pipelines of eight prepared statements."""
        script = f"{self.bench.temporary}/pipeline.sql"
        with open(script, "w", encoding="ascii") as file:
            for number in range(PIPELINE):
                file.write(f"\\set id{number} random(1, {self.bench.sizes.rows})\n")
            file.write("\\startpipeline\n")
            for number in range(PIPELINE):
                file.write(data.LOOKUP.replace("?1", f":id{number}") + ";\n")
            file.write("\\endpipeline\n")

        def rate(transactions):
            output = processes.run([
                self.programs["pgbench"], "-n", "-M", "prepared", "-c", CONNECTIONS, "-j",
                CONNECTIONS, "-t", transactions, "-f", script, "-h", self.folder, "-U", "bench",
                "postgres"])
            found = re.search(r"^tps = ([0-9.]+)", output, re.MULTILINE)
            if not found or "number of failed transactions: 0 " not in output:
                raise Failed(f"pgbench: {output.strip().splitlines()[-1]}")
            return float(found[1])
        # So many on each connection that they take the time.
        if self.transactions is None:
            self.transactions = max(10, int(rate(TRIAL) * seconds / CONNECTIONS))
        return PIPELINE * rate(self.transactions)
