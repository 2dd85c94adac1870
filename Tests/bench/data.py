"""The data that is read. It is made once and kept in .build/bench."""

import os
import shutil

import processes

LOOKUP = "select id,name,score,note from kv where id=?1"
# Mixes ids so that neighbours are far apart, as load.h does.
STRIDE = 611953
# A row is about 75 bytes in JSON, and about 55 in the file.
ROWS = """with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
  select i as id, 'Item ' || i as name, (i * 7919 % 10007) / 100.0 as score,
  'batch ' || (i * 31 % 997) || ', shelf ' || (i % 113) as note from n"""


def make(path, rows):
    """A database with the table kv."""
    if os.path.exists(path):
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    new = f"{path}.new"
    if os.path.exists(new):
        os.unlink(new)
    processes.run(["sqlite3", new, "pragma journal_mode=off; pragma synchronous=off;"
                   "create table kv(id integer primary key, name text, score real, note text);"
                   f"insert into kv {ROWS.format(rows=rows)}"])
    os.rename(new, path)


def make_table(folder, rows):
    """A folder with the database kv of so many rows. Returns its file."""
    path = f"{folder}/table-{rows}/kv.db"
    make(path, rows)
    return path


def make_many(folder, databases, rows):
    """A folder with the databases db0000, db0001, … of so many rows each. Returns it."""
    many = f"{folder}/many-{databases}-{rows}"
    if not os.path.exists(many):
        os.makedirs(f"{many}.new", exist_ok=True)
        first = f"{many}.new/db0000.db"
        make(first, rows)
        for number in range(1, databases):
            shutil.copyfile(first, f"{many}.new/db{number:04}.db")
        os.rename(f"{many}.new", many)
    return many


def read_through(folder):
    """Has the kernel keep the files of a folder in memory: a disk is not what is measured."""
    for entry in os.scandir(folder):
        with open(entry.path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


def id_at(number, rows):
    """The id that is asked for as the n-th: distinct ones for as many as there are rows."""
    return 1 + number * STRIDE % rows


def write_ids(path, first, count, rows):
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{id_at(number, rows)}\n" for number in range(first, first + count))
