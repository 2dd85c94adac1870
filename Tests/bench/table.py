"""The table: a row for each figure, with a peer's if there is one."""

import json
import statistics

from processes import Failed

COLUMNS = (("case", 4), ("figure", 49), ("XODB", 26), ("peer", 28), ("ratio", 19), ("target", 7),
           ("met", 3))


class Target:
    """What a row is to reach: its ratio, or its figure where it has no peer."""

    def __init__(self, text):
        self.text = text
        self.sign, bound = text.split()
        self.bound = float(bound)

    def is_met(self, value):
        return value >= self.bound if self.sign == ">=" else value <= self.bound


class Row:
    """`ours` and `theirs` are measured in the same rounds, in the row's unit, or are why not.
    `theirs` is None where there is no peer."""

    def __init__(self, case, figure, unit, ours, theirs=None, target=None):
        self.case, self.figure, self.unit = case, figure, unit
        failures = [str(side) for side in (ours, theirs) if isinstance(side, Failed)]
        self.failure = "; ".join(dict.fromkeys(failures)) or None
        self.ours = None if isinstance(ours, Failed) else ours
        self.theirs = None if isinstance(theirs, Failed) else theirs
        self.target = Target(target) if target else None

    @property
    def key(self):
        return f"{self.case} {self.figure}"

    @property
    def ratios(self):
        """Round by round, so that what the machine did in a round is in both."""
        if not self.ours or not self.theirs:
            return None
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs)]

    def verdict(self):
        if self.target is None:
            return ""
        if self.failure:
            return "-"
        return "yes" if self.target.is_met(statistics.median(self.ratios or self.ours)) else "no"

    def cells(self):
        ratios = spread(self.ratios) if self.ratios else ""
        target = self.target.text if self.target else ""
        return [self.case, f"{self.figure}, {self.unit}", spread(self.ours), spread(self.theirs),
                ratios, target, self.verdict()]

    def record(self):
        return {"key": self.key, "unit": self.unit, "ours": self.ours, "theirs": self.theirs,
                "target": self.target and self.target.text, "failure": self.failure}


def number(value):
    """At least three digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def spread(values):
    """The median, and the least and the largest."""
    if not values:
        return ""
    if len(values) == 1:
        return number(values[0])
    return f"{number(statistics.median(values))} ({number(min(values))}..{number(max(values))})"


class Table:
    """Prints rows as they come, beside those of an earlier table if there is one."""

    def __init__(self, machine, baseline=None):
        self.machine, self.rows, self.earlier = machine, [], None
        self.baseline, self.earlier_machine = baseline, {}
        if baseline:
            try:
                with open(baseline, encoding="utf-8") as file:
                    table = json.load(file)
                self.earlier = {row["key"]: row for row in table["rows"]}
                self.earlier_machine = table["machine"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise Failed(f"{baseline}: no earlier table: {error}") from None

    def begin(self):
        for what, which in self.machine.items():
            was = self.earlier_machine.get(what, which)
            print(f"{what:<12}{which}{'' if was == which else f'; in {self.baseline}: {was}'}")
        print()
        self.print([name for name, _ in COLUMNS], ["new/old", "peer's"])

    def add(self, row):
        self.rows.append(row)
        earlier = self.earlier and self.earlier.get(row.key)
        changes = [change(row.ours, earlier["ours"]), change(row.theirs, earlier["theirs"])] \
            if earlier else []
        self.print(row.cells(), changes)
        if row.failure:
            print(f"{'':<6}{row.failure}", flush=True)

    def print(self, cells, changes):
        if self.earlier is None:
            changes = []
        columns = [f"{cell:<{width}}" for cell, (_, width) in zip(cells, COLUMNS)]
        print("  ".join(columns + [f"{text:<7}" for text in changes]).rstrip(), flush=True)

    def save(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"machine": self.machine, "rows": [row.record() for row in self.rows]}, file,
                      indent=1)
            file.write("\n")


def change(new, old):
    """The medians' quotient."""
    return number(statistics.median(new) / statistics.median(old)) if new and old else ""
