"""Measures XODB side by side with what one would use instead.

    bench.py [--only CASES] [--runs N] [--baseline FILE] [--long] [--tiny] [--bin DIRECTORY]

It prints a row for each figure: the medians of N rounds in which all take turns, the least and
largest, and the ratio. It asserts no times, and ends with 1 when a case could not be run at all.
"""

import argparse
import contextlib
import dataclasses
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import data
import instructions
import lookups
import machine
import many
import neighbours
import node
import sets
import single
import tables
from postgres import Postgres
from processes import Failed
from table import Row, Table

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = {
    "1": lookups.stream, "2": lookups.lockstep, "3": tables.whole, "4": single.single,
    "5": neighbours.neighbours, "6": many.many, "7": instructions.instructions,
    "8": sets.sets, "9": node.node, "long": tables.long}


@dataclasses.dataclass(frozen=True)
class Sizes:
    rows: int = 1_000_000
    long_rows: int = tables.LONG_ROWS
    seconds: float = 1.5
    slow_seconds: float = 1.0
    processes: int = 20
    databases: int = 1000
    # About 1 MB.
    database_rows: int = 21_000
    counted: int = 2000
    runs: int = 5


# Shows that all of it works, and nothing else.
TINY = Sizes(
    rows=1000, long_rows=1000, seconds=0.2, slow_seconds=0.1, processes=2, databases=10,
    database_rows=1000, counted=100, runs=1)


class Bench:
    """What the cases share: sizes, programs, and where things are."""

    def __init__(self, options, temporary, stack):
        self.sizes = TINY if options.tiny else Sizes()
        self.runs = options.runs or self.sizes.runs
        self.bin, self.folder, self.temporary = options.bin, f"{ROOT}/.build/bench", temporary
        self.table = data.make_table(self.folder, self.sizes.rows)
        self.table_folder = os.path.dirname(self.table)
        self.stack, self.postgres = stack, None
        # What the clients in C are told to look up.
        self.target = ("kv", 0, self.sizes.rows, data.LOOKUP)

    def tool(self, name):
        return f"{self.bin}/{name}"

    def program(self, name):
        """One of the benchmark's own."""
        return f"{self.folder}/{name}"

    def with_postgres(self, contestant):
        """A contestant that is given the server, which is started when it is first asked for."""
        def measured(number):
            if self.postgres is None:
                try:
                    self.postgres = self.stack.enter_context(Postgres(self))
                except Failed as failure:
                    self.postgres = failure
            if isinstance(self.postgres, Failed):
                raise self.postgres
            return contestant(self.postgres, number)
        return measured


def parse():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--only", default="", help="cases, as in '1 3'")
    parser.add_argument("--runs", type=int, help="rounds of each case")
    parser.add_argument("--baseline", help="an earlier last.json")
    parser.add_argument("--long", action="store_true", help="also a table of 100,000,000 rows")
    parser.add_argument("--tiny", action="store_true", help="the least that can be run")
    parser.add_argument("--bin", default=f"{ROOT}/.build/release", help="where the tools are")
    options = parser.parse_args()
    options.cases = options.only.split() or [case for case in CASES if case != "long"]
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"there are no cases {' '.join(sorted(unknown))}")
    return options


def main():
    options = parse()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    begun = time.monotonic()
    temporary = tempfile.mkdtemp(prefix="xodb-bench.")
    status = 0
    try:
        table = Table(machine.describe(), options.baseline)
        with contextlib.ExitStack() as stack:
            bench = Bench(options, temporary, stack)
            table.begin()
            for case in options.cases + (["long"] if options.long else []):
                try:
                    for row in CASES[case](bench):
                        table.add(row)
                except Failed as failure:
                    table.add(Row(case, "all of it", "", failure))
                    status = 1
        table.save(f"{bench.folder}/last.json")
        took = time.monotonic() - begun
        print(f"\n{bench.runs} round{'s' * (bench.runs > 1)} in {took:.0f} s; saved in {bench.folder}/last.json")
    except (Failed, OSError) as error:
        sys.exit(f"bench: {error}")
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
