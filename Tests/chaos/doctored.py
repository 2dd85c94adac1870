"""Shows that the checker bites: runs it over journals that were doctored, one fault in each.

It prints a line for each case, and ends with 1 when the checker did not find exactly what is wrong.
"""

import datetime
import pathlib
import sys
import tempfile

import journal
import queries
import records
import truth
from audit import Audit, Events

# When the query is sent, and its generation; that before it, and the next one.
SENT, GENERATION = 10.0, 5
WRITTEN = {4: 1.0, 5: 2.0}
PARAMETERS = [7]
LOST_ROUTER = [(12.0, "kill router", 100, "router-1")]


class Story:
    """A lookup that was answered well, until something else is said."""

    def __init__(self):
        self.kind, self.database, self.deadline, self.credit = "lookup", "red", 1000, None
        self.written = dict(WRITTEN)
        self.answers = [self.answer()]
        self.others = []
        self.troubles = []
        self.events = []

    def answer(self, after=0.01, generation=GENERATION, identity="c-1", **pairs):
        size, digest, rows = truth.answer("lookup", "red", generation, queries.LOOKUP, PARAMETERS)
        pairs = {"id": identity, "rows": rows, "tries": 1, "version": f"v{generation}"} | pairs
        line = " ".join(["OK", *(f"{key}={value}" for key, value in pairs.items())])
        return [SENT + after, 1, line, f'{{"generation":{generation}}}', size, digest]

    def error(self, code, after=0.01, **pairs):
        line = " ".join([f"ERROR id=c-1 code={code}", *(f"{key}={value}" for key, value in pairs.items())])
        return [SENT + after, 1, line, "", 0, ""]

    def kill(self, *names, before=0.0):
        for number, name in enumerate(names):
            self.troubles.append((SENT - before + number * 0.001, "kill worker", 100 + number, name))

    def tell(self, after, word, worker):
        time = datetime.datetime.fromtimestamp(SENT + after, datetime.timezone.utc)
        self.events.append(f"{word} time={time.strftime('%Y-%m-%dT%H:%M:%S.%fZ')} id=c-1 worker={worker}")

    def audit(self, folder):
        client = journal.Journal(f"{folder}/client")
        client.note("up", 1, at=0.5)
        client.note("send", 1, "c-1", self.kind, self.database, queries.LOOKUP, PARAMETERS, self.deadline, 1, self.credit,
                    at=SENT)
        for at, word, *fields in self.others:
            client.note(word, *fields, at=at)
        for at, *fields in self.answers:
            client.note("answer", *fields, at=at)
        client.note("end", at=60.0)
        generations = journal.Journal(f"{folder}/generations")
        for generation, at in self.written.items():
            for database in ("red", "blue"):
                generations.note("begin", database, generation, at=at)
                generations.note("end", database, generation, at=at + 0.1)
        troubles = journal.Journal(f"{folder}/troubles")
        for at, *fields in sorted(self.troubles):
            troubles.note(*fields, at=at)
        pathlib.Path(f"{folder}/events").write_text("".join(f"{line}\n" for line in self.events))
        audit = Audit([records.Client("c", f"{folder}/client")], records.Generations(f"{folder}/generations"),
                      records.Troubles(f"{folder}/troubles"), Events(f"{folder}/events", 0))
        audit.run()
        return set(audit.faults)


def nothing(story): pass
def lost(story): story.answers = []
def lost_with_its_router(story): story.answers, story.others, story.troubles = [], [(12.0, "lost", 1)], LOST_ROUTER
def lost_with_a_router_but_overdue(story): lost_with_its_router(story); story.deadline = 500
def disconnected(story): story.others = [(12.0, "lost", 1)]
def doubled(story): story.answers *= 2
def of_somebody_else(story): story.answers.append(story.answer(identity="c-2"))
def late(story): story.answers = [story.answer(after=2.01)]
def just_in_time(story): story.answers = [story.answer(after=1.99)]
def other_rows(story): story.answers[0][5] = "0" * 64
def one_row_more(story): story.answers = [story.answer(rows=2)]
def no_rows_at_all(story): story.answers[0][3] = ""
def stale(story): story.answers = [story.answer(generation=4)]
def from_the_future(story): story.answers = [story.answer(generation=6)]
def refused(story): story.answers = [story.error("busy")]
def taken_back_by_nobody(story): story.kind, story.answers = "recalled", [story.error("cancelled")]
def taken_back(story): taken_back_by_nobody(story); story.others = [(SENT, "cancel", 1, "c-1")]
def taken_back_late(story): taken_back(story); story.answers[0][0] += 1.1
def begun_again_for_nothing(story): story.answers = [story.answer(tries=2)]
def begun_again(story): begun_again_for_nothing(story); story.kill("workers-1")
def crashed(story, kills):
    story.answers = [story.error("crashed", after=0.1, tries=3)]
    story.kill(*(f"workers-{number}" for number in range(1, kills + 1)))
    story.tell(0.01, "request.retried", "workers-2")
    story.tell(0.02, "request.retried", "workers-3")
    story.tell(0.03, "request.crashed", "workers-3")
def crashed_without_kills(story): crashed(story, 0)
def crashed_too_early(story): crashed(story, 2)
def crashed_by_kills(story): crashed(story, 3)
def crashed_by_kills_long_ago(story): crashed(story, 0); story.kill("workers-1", "workers-2", "workers-3", before=6)
def crashed_by_kills_of_others(story): crashed(story, 0); story.kill("workers-1", "workers-4", "workers-3")
def several(story, rows=(5, 5), **pairs):
    story.kind, story.database = "several", "red,blue"
    story.answers = [story.answer(rows=len(rows), databases=len(rows), **pairs)]
    story.answers[0][3] = "".join(f'{{"generation":{row}}}\n' for row in rows)
def several_stale(story): several(story, (5, 4))
def several_with_one_missing(story): several(story, (5,))
def quarantined(story): story.answers = [story.error("quarantined")]
def quarantined_after_another_crashed(story, what="this statement with these parameters"):
    story.others = [(SENT, "send", 1, "c-2", "lookup", "red", queries.LOOKUP, [*PARAMETERS[:-1], 777], 1000, 1)]
    crash = story.error("crashed", after=0.1, tries=3)
    crash[2] = crash[2].replace("c-1", "c-2")
    story.kill("workers-1", "workers-2", "workers-3")
    story.answers = [crash, story.error("quarantined", after=0.2, message=f'"{what} has killed 9 workers"')]
def quarantined_by_kills_under_two(story):
    story.others = [(SENT, "send", 1, "c-2", "lookup", "red", queries.LOOKUP, PARAMETERS, 1000, 1)]
    story.kill("workers-1", "workers-2", "workers-3")
    second = story.answer(0.3, identity="c-2")
    story.answers = [story.error("quarantined", after=0.2, message='"this statement with these parameters has killed 3 workers"'), second]
def statement_quarantined(story): quarantined_after_another_crashed(story, "this statement")
def streamed(story, numbers=(1, 2), chunks=2, credit=2):
    story.credit = credit
    story.answers = [story.answer(after=0.1, chunks=chunks)]
    story.others = [(SENT + 0.01 * (place + 1), "chunk", 1, f"MORE id=c-1 chunk={number}", 100)
                    for place, number in enumerate(numbers)]
def a_chunk_lost(story): streamed(story, (1, 2), 3)
def a_chunk_lost_in_the_middle(story): streamed(story, (1, 3), 2)
def a_chunk_twice(story): streamed(story, (1, 1), 2)
def a_chunk_too_many(story): streamed(story, credit=1)
def a_chunk_asked_for(story):
    streamed(story, credit=1)
    story.others.append((SENT + 0.015, "more", 1, "c-1"))
def a_chunk_too_early(story):
    streamed(story, credit=1)
    story.others.append((SENT + 0.025, "more", 1, "c-1"))
def a_chunk_behind(story): streamed(story); story.answers[0][0] = SENT + 0.015
def a_chunk_not_wanted(story): streamed(story, credit=None)
def a_part_that_looks_whole(story): streamed(story); story.answers[0][4:] = [10, "0" * 64]
def broken_off(story, message, **arguments):
    streamed(story, **arguments)
    count = len(story.others)
    story.answers = [story.error("aborted", after=0.9, chunks=count, message=f'"{message}"')]
def broken_off_for_nothing(story): broken_off(story, "its worker was lost after 2 chunks")
def broken_off_by_a_death(story): broken_off_for_nothing(story); story.kill("workers-1")
def broken_off_before(story): broken_off(story, "its worker was lost after 0 chunks", numbers=()); story.kill("workers-1")
def broken_off_unasked(story): broken_off_by_a_death(story); story.credit, story.others = None, []; story.answers[0][2] = (
    story.answers[0][2].replace(" chunks=2", ""))
def cut_off(story, milliseconds=880): broken_off(story, f"its reader took nothing for {milliseconds} ms")
def cut_off_too_soon(story): cut_off(story, 99)
def cut_off_while_it_read(story): cut_off(story); story.others.append((SENT + 0.03, "more", 1, "c-1"))
def cut_off_while_it_began_to(story): cut_off(story); story.others.append((SENT + 0.8, "more", 1, "c-1"))
def unknown_to_whoever_was_told(story): broken_off(story, "no such result is in flight")
def other_data_of_one_version(story):
    story.deadline = 20_000
    story.others = [(SENT, "send", 1, "c-2", "lookup", "red", queries.LOOKUP, PARAMETERS, 1000, 1)]
    story.written[6] = SENT + 0.005
    story.answers.append(story.answer(after=0.02, generation=6, identity="c-2", version="v5"))


CAUSELESS = "begun again without a death"

# What is to be found, and nothing else.
CASES = {
    nothing: set(),
    lost: {"never answered"},
    lost_with_its_router: set(),
    lost_with_a_router_but_overdue: {"not answered in time"},
    disconnected: {"a connection lost though no router was killed"},
    doubled: {"answered twice"},
    of_somebody_else: {"an answer nobody asked for"},
    late: {"answered late"},
    just_in_time: set(),
    other_rows: {"wrong rows"},
    one_row_more: {"wrong number of rows"},
    no_rows_at_all: {"an answer of another kind"},
    stale: {"stale or from the future"},
    from_the_future: {"stale or from the future"},
    several: set(),
    several_stale: {"stale or from the future"},
    several_with_one_missing: {"wrong number of rows"},
    refused: {"lookup: answered busy"},
    taken_back_by_nobody: {"cancelled without being asked"},
    taken_back: set(),
    taken_back_late: {"cancelled late"},
    begun_again_for_nothing: {CAUSELESS},
    begun_again: set(),
    crashed_without_kills: {"crashed without a reason", CAUSELESS},
    crashed_too_early: {"crashed without a reason"},
    crashed_by_kills: set(),
    crashed_by_kills_long_ago: {"crashed without a reason", CAUSELESS},
    crashed_by_kills_of_others: {"crashed by a worker that nobody killed"},
    quarantined: {"quarantined though it never crashed"},
    quarantined_by_kills_under_two: set(),
    quarantined_after_another_crashed: {"quarantined though it never crashed"},
    statement_quarantined: set(),
    streamed: set(),
    a_chunk_lost: {"chunks are missing"},
    a_chunk_lost_in_the_middle: {"chunks out of order"},
    a_chunk_twice: {"chunks out of order"},
    a_chunk_too_many: {"a chunk that was not asked for"},
    a_chunk_asked_for: set(),
    a_chunk_too_early: {"a chunk that was not asked for"},
    a_chunk_behind: {"a chunk after the answer"},
    a_chunk_not_wanted: {"a chunk that was not asked for"},
    a_part_that_looks_whole: {"wrong rows"},
    broken_off_for_nothing: {"aborted without a death"},
    broken_off_by_a_death: set(),
    broken_off_before: {"aborted before the first chunk"},
    broken_off_unasked: {"lookup: answered aborted"},
    cut_off: set(),
    cut_off_too_soon: {"cut off too soon"},
    cut_off_while_it_read: {"cut off though it wanted more"},
    cut_off_while_it_began_to: set(),
    unknown_to_whoever_was_told: {"aborted without a death"},
    other_data_of_one_version: {"one version of different data"},
}


def main():
    is_bad = False
    for doctor, expected in CASES.items():
        story = Story()
        doctor(story)
        with tempfile.TemporaryDirectory() as folder:
            found = story.audit(folder)
        is_right = found == expected
        is_bad |= not is_right
        name = doctor.__name__.replace("_", " ")
        print(f"{'ok' if is_right else 'NOT OK'} {name}: {'; '.join(sorted(found)) or 'nothing wrong'}")
    sys.exit(1 if is_bad else 0)


if __name__ == "__main__":
    main()
