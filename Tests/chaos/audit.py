"""Judges what was noted: nothing lost, nothing wrong, nothing twice, and no excuse without a reason."""

import collections
import json
import re

import databases
import records
import truth
from queries import EXPECTED

# What ends a router, and so every connection to it.
ROUTER_DEATHS = ("kill router", "kill router-supervisor")
# What ends a worker in the middle of a query: one that is stopped is killed by its supervisor.
WORKER_DEATHS = ("kill worker", "stop worker", "kill workers-supervisor")
# So many deaths make `crashed`.
TRIES = 3
# A loss is noticed, and a death told, within this time, in seconds.
NOTICE = 1.0
# A stopped worker is found out and killed within this time.
STOPPED = 5.0
# A cancelled query is answered within this time.
PROMPT = 1.0
# A reader that wants nothing may be cut off after this time.
PATIENCE = 0.1
# So long it may take until a router hears that more is wanted.
DELIVERY = 0.5
SLOW_READER = re.compile(r"its reader took nothing for (\d+) ms$")


class Audit:
    def __init__(self, clients, generations, troubles, events):
        self.clients, self.generations, self.troubles = clients, generations, troubles
        self.events = events
        self.faults = collections.defaultdict(list)
        self.codes = collections.defaultdict(collections.Counter)
        self.lateness, self.cancel_times, self.latencies = [], [], collections.defaultdict(list)
        self.versions = {}
        self.crashes = collections.defaultdict(list)
        self.sends = collections.Counter()
        self.retried = self.aborted = self.streamed = self.chunks = 0
        for client in clients:
            for send in client.sends.values():
                self.sends[send.text] += 1
                for answer in send.answers:
                    if answer.code == "crashed":
                        self.crashes[send.text].append(answer.at)
                        self.crashes[send.statement].append(answer.at)

    def fault(self, what, *details):
        self.faults[what].append(" | ".join(map(str, details)))

    def run(self):
        for client in self.clients:
            for stray in client.strays:
                self.fault("an answer nobody asked for", client.name, stray.line)
            for loss in client.losses:
                # In the README's manner the loss is noticed when the time is over.
                first = loss - (12 if client.name.startswith("readme") else NOTICE + 1)
                if not self.troubles.count(ROUTER_DEATHS, first, loss):
                    self.fault("a connection lost though no router was killed", client.name, loss)
            for send in client.sends.values():
                self.judge(send)
        for database, known in self.versions.items():
            for version, generations in known.items():
                if len(generations) > 1:
                    self.fault("one version of different data", database, version, generations)

    def judge(self, send):
        count = len(send.answers)
        # Copies count as one while the first is in flight, and that ends with the first answer.
        if count > 1:
            self.fault("answered twice", send)
        if count == 0:
            self.judge_chunks(send, None)
            self.missing(send)
            return
        answer = send.answers[0]
        self.judge_chunks(send, answer)
        self.codes[send.kind][answer.code] += 1
        self.latencies[send.kind].append(answer.at - send.began)
        if answer.code == "deadline" or answer.at - send.began > send.deadline / 1000:
            self.lateness.append(answer.at - send.began - send.deadline / 1000)
        if answer.at > send.limit:
            self.fault("answered late", send)
        if send.cancel is not None and answer.at > send.cancel:
            self.cancel_times.append(answer.at - send.cancel)
            if answer.at - max(send.cancel, send.began) > PROMPT:
                self.fault("cancelled late", send)
        self.judge_code(send, answer)
        self.judge_tries(send, answer)
        if answer.code == "OK":
            self.judge_body(send, answer)

    def missing(self, send):
        self.codes[send.kind]["(lost)" if send.lost is not None else "(none)"] += 1
        if send.lost is None:
            self.fault("never answered", send)
        elif send.limit is not None and send.lost > send.limit + (
            0.5 if send.client.startswith("readme") else 0):
            self.fault("not answered in time", send)

    def judge_code(self, send, answer):
        code = answer.code
        if code in EXPECTED[send.kind]:
            if code == "cancelled" and send.cancel is None:
                self.fault("cancelled without being asked", send)
            return
        if code == "aborted" and send.credit:
            self.judge_aborted(send, answer)
        elif code == "crashed":
            self.judge_crash(send, answer)
        elif code == "quarantined":
            # Whatever its parameters, after several crashes with others; not all of those were heard.
            is_any = answer.pairs.get("message", "").startswith("this statement has killed ")
            crashes = self.crashes[send.statement if is_any else send.text]
            # Who was killed in the middle of a large result, or by it, is not told apart; it is `aborted`.
            deaths = self.troubles.count(WORKER_DEATHS, answer.at - 60, answer.at)
            # Deaths are counted for all requests that are the same, none of which needs to have crashed.
            may_be = deaths >= 3 and (send.kind == "large" or not is_any and self.sends[send.text] > 1)
            if not any(at <= answer.at for at in crashes) and not may_be:
                self.fault("quarantined though it never crashed", send)
        else:
            self.fault(f"{send.kind}: answered {code}", send)

    def judge_chunks(self, send, answer):
        """In order, none that was not asked for, and none behind the answer."""
        for place, chunk in enumerate(send.chunks):
            if chunk.pairs.get("chunk") != str(place + 1):
                self.fault("chunks out of order", chunk.line, send)
            if place >= send.granted(chunk.at):
                self.fault("a chunk that was not asked for", chunk.line, send)
            if answer and chunk.at > answer.at:
                self.fault("a chunk after the answer", chunk.line, send)
        # What has no result any more does not know how much of it there was.
        if answer and int(answer.pairs.get("chunks", 0)) != len(send.chunks) and not is_unknown(answer):
            self.fault("chunks are missing", f"{len(send.chunks)} have come", send)

    def judge_aborted(self, send, answer):
        """Its worker was lost, or its reader was too slow."""
        self.aborted += 1
        message = answer.pairs.get("message", "")
        slow = SLOW_READER.match(message)
        deaths = self.troubles.count(WORKER_DEATHS, send.began - STOPPED, answer.at)
        if not send.chunks:
            self.fault("aborted before the first chunk", send)
        elif slow:
            self.judge_cut(send, answer, int(slow[1]))
        elif is_unknown(answer) and send.is_lock_step:
            # What was broken off meanwhile could not be heard.
            pauses = [more - chunk.at for chunk, more in zip(send.chunks, send.mores)]
            if not deaths and max(pauses, default=0) < PATIENCE:
                self.fault("aborted without a reason", send)
        elif not (message.startswith("its worker was lost after ") and deaths):
            self.fault("aborted without a death", send)

    def judge_cut(self, send, answer, milliseconds):
        """Its reader has had its time, and had not asked for more for long."""
        if milliseconds < PATIENCE * 1000:
            self.fault("cut off too soon", send)
        unused = send.mores[max(0, len(send.chunks) - send.credit):]
        if send.granted(answer.at) > len(send.chunks) and answer.at - unused[0] > DELIVERY:
            self.fault("cut off though it wanted more", send)

    def judge_crash(self, send, answer):
        """Each of the deaths is one of those that were caused, as the events tell them where they
        were heard."""
        deaths = self.troubles.count(WORKER_DEATHS, send.began - STOPPED, answer.at)
        if deaths < TRIES:
            self.fault("crashed without a reason", send)
            return
        told = self.events.tries(send.identity)
        for (begun, worker), end in told:
            killed = self.troubles.within(begun - NOTICE, end + NOTICE)
            if worker and not any(len(entry) > 3 and entry[3] == worker for entry in killed) and not (
                self.troubles.count(("kill workers-supervisor",), begun - NOTICE, end + NOTICE)
                or self.troubles.count(("stop worker",), begun - STOPPED, end)):
                self.fault("crashed by a worker that nobody killed", worker, begun, end, send)

    def judge_tries(self, send, answer):
        tries = int(answer.pairs.get("tries", 0))
        if tries < 2:
            return
        self.retried += 1
        causes = self.troubles.count(WORKER_DEATHS, send.began - STOPPED, answer.at)
        if causes < tries - 1:
            self.fault("begun again without a death", send)

    def judge_several(self, send, answer):
        """A row of each database, in order, as it was at some time between."""
        names = sorted(databases.NAMES) if send.database == "*" else send.database.split(",")
        try:
            seen = [json.loads(row)["generation"] for row in answer.head.splitlines()]
        except (ValueError, KeyError):
            self.fault("an answer of another kind", answer.head, send)
            return
        if len(seen) != len(names) or int(answer.pairs.get("databases", -1)) != len(names):
            self.fault("wrong number of rows", answer.head, send)
        for name, generation in zip(names, seen):
            if not self.generations.could_be_seen(name, generation, send.at, answer.at):
                self.fault("stale or from the future", name, f"generation {generation}", send)

    def judge_body(self, send, answer):
        if send.kind == "several":
            self.judge_several(send, answer)
            return
        try:
            generation = json.loads(answer.head.partition("\n")[0])["generation"]
        except (ValueError, KeyError):
            self.fault("an answer of another kind", answer.head, send)
            return
        if not self.generations.could_be_seen(send.database, generation, send.at, answer.at):
            self.fault("stale or from the future", f"generation {generation}", send)
        if "version" in answer.pairs:
            known = self.versions.setdefault(send.database, collections.defaultdict(set))
            known[answer.pairs["version"]].add(generation)
        if send.chunks:
            self.streamed += 1
            self.chunks += len(send.chunks)
        size, digest, rows = truth.answer(
            send.kind, send.database, generation, send.sql, send.parameters)
        if (answer.size, answer.digest) != (size, digest):
            self.fault("wrong rows", f"{answer.size} bytes for {size}", answer.head, send)
        if int(answer.pairs.get("rows", -1)) != rows:
            self.fault("wrong number of rows", send)


def is_unknown(answer):
    """Whether it says that there is no result of which more could be sent."""
    return answer.pairs.get("message") == "no such result is in flight"


class Events:
    """What the cluster itself said, as xodb-events printed it."""

    def __init__(self, path, offset):
        """`offset` is what has to be subtracted from its times to get those of CLOCK_MONOTONIC."""
        self.exits = []
        self.count = 0
        self.by_id = collections.defaultdict(list)
        with open(path, encoding="utf-8") as file:
            for line in file:
                if not line.endswith("\n"):
                    break
                self.count += 1
                word, pairs = records.parse(line.rstrip("\n"))
                pairs["at"] = seconds(pairs["time"]) - offset
                if word == "worker.exited":
                    self.exits.append(pairs)
                elif word in ("request.retried", "request.crashed"):
                    self.by_id[pairs.get("id")].append((word, pairs))

    def tries(self, identity):
        """The tries of a request after the first, as far as they were heard of: when each began and
        at which worker, and when it ended."""
        told = self.by_id[identity]
        return [((pairs["at"], pairs.get("worker")), next_pairs["at"])
                for (_, pairs), (_, next_pairs) in zip(told, told[1:])]


def seconds(text):
    """Seconds since 1970 of a time such as 2026-11-21T08:00:00.123456Z."""
    import datetime

    return datetime.datetime.fromisoformat(text).timestamp()
