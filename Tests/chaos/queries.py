"""The kinds of queries that clients send, and what may be answered to each."""

from dataclasses import dataclass, replace

import databases

# Generous for queries that take a moment: whoever is stopped is found out after 3.5 s.
PATIENCE = 10_000

LOOKUP = """select meta.generation, item.id, item.name, item.size
from meta left join item on item.id = ?1"""
LARGE = """select meta.generation, item.generation as of, id, name, size
from meta join item where item.id > ?1 order by item.id"""
# Some chunks of 256 KiB.
STREAM = """select meta.generation, one.generation as of, one.id, other.id as other, one.name, one.size
from meta join item one join item other where other.id <= ?1 order by other.id, one.id"""
# Of each database of several.
EACH = "select generation from meta -- {nonce}"
SLOW = """with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
select (select generation from meta) as generation, ?1 as echo, count(*) as counted, sum(i) as total
from n -- {nonce}"""
ENDLESS = """with recursive n(i) as (select 1 union all select i + 1 from n)
select count(*), {nonce} from n"""

# What is wrong, and the code that says so.
WRONG = (
    ("selec 1", [], "sql"),
    ("select nothing from item", [], "sql"),
    ("select abs(-9223372036854775807 - 1) from meta", [], "sql"),
    ("select 1; select 2", [], "bad-request"),
    ("select ?1", [1, 2], "bad-request"),
    ("delete from item", [], "denied"),
    ("attach 'other.db' as other", [], "denied"),
    ("pragma query_only = 0", [], "denied"),
)


@dataclass(frozen=True)
class Query:
    kind: str
    database: str
    sql: str
    parameters: tuple = ()
    deadline: int = PATIENCE
    # Seconds after which the client takes it back, nil when it does not.
    cancel_after: float | None = None
    # How often it is sent under the same id: what is repeated in flight is ignored.
    copies: int = 1
    # How many chunks the client wants ahead; nil when it wants the result in one message.
    credit: int | None = None
    # The share of chunks after which it pauses, and the seconds that this takes at most.
    pauses: float = 0
    pause: float = 0


def lookup(chance):
    return Query("lookup", chance.choice(databases.NAMES), LOOKUP,
                 (chance.randint(1, databases.ROWS + 10),))


def large(chance):
    return Query("large", chance.choice(databases.NAMES), LARGE, (chance.choice((0, 100, 500)),))


def stream(chance):
    """Read as it comes, or with pauses in which others may take the worker."""
    return Query("stream", chance.choice(databases.NAMES), STREAM, (chance.randint(2, 16),),
                 credit=chance.randint(1, 4), pauses=chance.choice((0, 0, 0, 0.2)), pause=1.5)


def stalled(chance):
    """Not read on after the first chunks."""
    query = stream(chance)
    return replace(query, kind="stalled", deadline=chance.randint(200, 3000), pauses=1, pause=1000)


def dropped(chance):
    """Taken back in the middle."""
    return replace(stream(chance), kind="dropped", cancel_after=chance.uniform(0, 0.1))


def several(chance):
    """On all databases, or some of them in any order."""
    names = chance.sample(databases.NAMES, chance.randint(2, len(databases.NAMES)))
    return Query("several", chance.choice(("*", ",".join(names))),
                 EACH.format(nonce=chance.randrange(10**9)))


def slow(chance):
    # Mostly texts of its own, so that one which has killed its workers stands for itself; now and
    # then one that others send as well.
    nonce = chance.randrange(10**9) if chance.random() < 0.9 else chance.randrange(3)
    sql = SLOW.format(rows=chance.choice((200_000, 400_000, 800_000)), nonce=nonce)
    return Query("slow", chance.choice(databases.NAMES), sql, (chance.randint(1, 3),))


def wrong(chance):
    sql, parameters, code = chance.choice(WRONG)
    return Query(f"wrong:{code}", chance.choice(databases.NAMES), sql, tuple(parameters))


def missing(chance):
    return Query("missing", f"missing{chance.randrange(3)}", "select 1")


def overdue(chance):
    return Query("overdue", chance.choice(databases.NAMES),
                 ENDLESS.format(nonce=chance.randrange(10**9)), deadline=chance.randint(50, 250))


def tight(chance):
    query = lookup(chance)
    return Query("tight", query.database, query.sql, query.parameters, chance.randint(0, 10))


def cancelled(chance):
    return Query("cancelled", chance.choice(databases.NAMES),
                 ENDLESS.format(nonce=chance.randrange(10**9)), deadline=60_000,
                 cancel_after=chance.uniform(0, 0.1), copies=chance.choice((1, 2)))


def recalled(chance):
    query = lookup(chance)
    return Query("recalled", query.database, query.sql, query.parameters,
                 cancel_after=chance.choice((0, 0.0005)))


# How many of a thousand.
SHARES = {lookup: 864, several: 20, large: 30, wrong: 40, missing: 5, tight: 10, recalled: 10,
          slow: 6, overdue: 2, cancelled: 4, stream: 6, stalled: 1, dropped: 2}

# The codes that a kind is expected to get: those of trouble (`crashed`, `quarantined`, `aborted`) come on top,
# with their own conditions.
EXPECTED = {
    "lookup": {"OK"}, "several": {"OK"}, "large": {"OK"}, "slow": {"OK"}, "tight": {"OK", "deadline"},
    "stream": {"OK"}, "stalled": {"OK", "deadline"}, "dropped": {"OK", "cancelled"},
    "recalled": {"OK", "cancelled"}, "overdue": {"deadline"}, "cancelled": {"cancelled"},
    "missing": {"no-such-database"}, "wrong:sql": {"sql"}, "wrong:denied": {"denied"},
    "wrong:bad-request": {"bad-request"},
}


def draw(chance, kinds, can_cancel=True, can_stream=True):
    """One query of the kinds named, in their shares; without those that are taken back unless
    `can_cancel`, and without those whose results come in chunks unless `can_stream`."""
    while True:
        make = chance.choices(list(SHARES), SHARES.values())[0]
        if make.__name__ in kinds:
            query = make(chance)
            if (can_cancel or query.cancel_after is None) and (can_stream or not query.credit):
                return query
