"""Append-only logs of what a process saw and did, one JSON array a line: [time, word, field, ...].

Times are those of CLOCK_MONOTONIC in seconds, the same in all processes. A process that is killed
has written all it noted before; its last line may be incomplete.
"""

import json
import os
import time


class Journal:
    def __init__(self, path):
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, word, *fields, at=None):
        """Writes a line; returns its time."""
        at = time.monotonic() if at is None else at
        os.write(self.descriptor, json.dumps([round(at, 6), word, *fields]).encode() + b"\n")
        return at


def read(path):
    """The lines of a journal, as far as they are complete."""
    with open(path, "rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)
