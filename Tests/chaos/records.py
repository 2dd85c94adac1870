"""What clients, writer and troublemaker have noted, put together."""

import bisect
import collections
import json
import re
from dataclasses import dataclass, field

import journal

PAIR = re.compile(r'([^ =]+)=("(?:[^"\\]|\\.)*"|[^ ]*)')


def parse(line):
    """The word of a line, and its pairs."""
    word, _, rest = line.partition(" ")
    return word, {
        key: json.loads(value) if value.startswith('"') else value
        for key, value in PAIR.findall(rest)
    }


@dataclass
class Answer:
    at: float
    line: str
    head: str
    size: int
    digest: str

    def __post_init__(self):
        self.word, self.pairs = parse(self.line)

    @property
    def code(self):
        return self.pairs.get("code") if self.word == "ERROR" else self.word


@dataclass
class Send:
    """One sending of a query through one connection, and all that came of it."""
    client: str
    connection: int
    identity: str
    at: float
    kind: str
    database: str
    sql: str
    parameters: list
    deadline: int
    copies: int
    # How many chunks it asks for at first; nil when it wants none.
    credit: int | None = None
    # When it has reached a router at the latest: it waits for the connection, and the client for the
    # news of that.
    began: float | None = None
    # When the connection ended, or the client was killed; nil when neither happened before its end.
    lost: float | None = None
    cancel: float | None = None
    answers: list = field(default_factory=list)
    # The chunks that have come, and when one more was asked for.
    chunks: list = field(default_factory=list)
    mores: list = field(default_factory=list)

    @property
    def limit(self):
        """When the answer has to be there; nil while nobody can have got it."""
        if self.began is None:
            return None
        end = self.began + self.deadline / 1000
        # In lock-step nothing comes that was not asked for.
        return (max(end, *self.mores) if self.mores and self.is_lock_step else end) + 1

    @property
    def is_lock_step(self):
        return self.client.startswith("req")

    def granted(self, at):
        """How many chunks it has asked for by then."""
        return (self.credit or 0) + sum(more <= at for more in self.mores)

    @property
    def text(self):
        """What a quarantine is about."""
        return self.database, self.sql, tuple(self.parameters)

    @property
    def statement(self):
        """What a quarantine is about that goes for all parameters."""
        return self.database, self.sql

    def __str__(self):
        answers = "; ".join(f"{answer.at:.3f} {answer.line}" for answer in self.answers)
        sql = " ".join(self.sql.split())
        return (f"{self.identity} ({self.kind}, connection {self.connection} of {self.client}, "
                f"deadline {self.deadline} ms): sent {self.at:.3f}, lost {self.lost}, cancelled "
                f"{self.cancel}, answers: {answers or 'none'}; db={self.database} {sql} "
                f"{self.parameters}")


class Client:
    """The journal of a client process."""

    def __init__(self, name, path):
        self.name = name
        self.sends = {}
        self.losses = []
        self.strays = []
        self.has_ended = False
        self.last = 0.0
        ups = {}
        lost = {}
        for at, word, *rest in journal.read(path):
            self.last = at
            match word:
                case "up": ups.setdefault(rest[0], at)
                case "lost":
                    lost[rest[0]] = at
                    self.losses.append(at)
                case "send":
                    connection, identity, *query = rest
                    self.sends[identity] = Send(name, connection, identity, at, *query)
                case "cancel": self.sends[rest[1]].cancel = at
                case "more": self.sends[rest[1]].mores.append(at)
                case "chunk": self.answered(Answer(at, rest[1], "", rest[2], ""), rest[0])
                case "answer": self.answered(Answer(at, *rest[1:]), rest[0])
                case "end": self.has_ended = True
        for send in self.sends.values():
            up = ups.get(send.connection)
            send.began = None if up is None else max(send.at, up)
            send.lost = lost.get(send.connection, None if self.has_ended else self.last)

    def answered(self, answer, connection):
        send = self.sends.get(answer.pairs.get("id"))
        if send is None or send.connection != connection:
            self.strays.append(answer)
        elif answer.word == "MORE":
            send.chunks.append(answer)
        else:
            send.answers.append(answer)


class Generations:
    """When each generation of the databases could be seen, from the writer's journal."""

    def __init__(self, path):
        self.begins, self.ends = collections.defaultdict(dict), collections.defaultdict(dict)
        for at, word, database, generation in journal.read(path):
            (self.begins if word == "begin" else self.ends)[database][generation] = at

    def could_be_seen(self, database, generation, first, last):
        """Whether at some time between two it was the current one."""
        begin = self.begins[database].get(generation)
        end = self.ends[database].get(generation + 1, last)
        return begin is not None and begin <= last and end >= first

    @property
    def count(self):
        return sum(len(ends) for ends in self.ends.values())


class Troubles:
    """What was done to the cluster, in order."""

    def __init__(self, path):
        self.all = [(at, word, *rest) for at, word, *rest in journal.read(path)]
        self.times = collections.defaultdict(list)
        for at, word, *_ in self.all:
            self.times[word].append(at)

    def count(self, words, first, last):
        """How many of these there were from one time to another."""
        return sum(bisect.bisect_right(self.times[word], last)
                   - bisect.bisect_left(self.times[word], first) for word in words)

    def within(self, first, last):
        return [entry for entry in self.all if first <= entry[0] <= last]
