"""What SQLite itself says: the right body of an answer, byte for byte."""

import functools
import hashlib
import json
import sqlite3

import databases


@functools.lru_cache(maxsize=64)
def generation_of(database, generation):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    databases.fill(connection, database, generation)
    return connection


def render(cursor):
    names = [column[0] for column in cursor.description]
    rows = (dict(zip(names, row, strict=True)) for row in cursor)
    return "".join(
        json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


@functools.lru_cache(maxsize=4096)
def counted(sql):
    """A slow query's part that does not depend on the database; this takes its time."""
    connection = sqlite3.connect(":memory:")
    connection.execute("create table meta(generation integer)")
    return connection.execute(sql, (0,)).fetchone()[2:]


def answer(kind, database, generation, sql, parameters):
    """The size and SHA-256 of the body, and the number of rows."""
    if kind == "slow":
        count, total = counted(sql.partition(" --")[0])
        body = (f'{{"generation":{generation},"echo":{parameters[0]},"counted":{count},'
                f'"total":{total}}}\n').encode()
    else:
        body = render(generation_of(database, generation).execute(sql, parameters))
    return len(body), hashlib.sha256(body).hexdigest(), body.count(b"\n")
