"""Says what was done, what was answered and what was wrong, as tables."""

import collections


def table(heads, rows):
    rows = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        print("  " + "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths))).rstrip())
    print()


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def milliseconds(values):
    return [f"{quantile(values, share) * 1000:.1f}" for share in (0.5, 0.99, 1)]


def show(run, audit):
    codes = sorted({code for counts in audit.codes.values() for code in counts},
                   key=lambda code: (code != "OK", code.startswith("("), code))
    print("\nanswers by kind of query, and the milliseconds they took")
    table(["kind", *codes, "p50", "p99", "max"],
          [[kind, *(counts[code] or "." for code in codes), *milliseconds(audit.latencies[kind])]
           for kind, counts in sorted(audit.codes.items())])

    print("trouble")
    troubles = collections.Counter(word for _, word, *_ in audit.troubles.all)
    table(["kind", "times"], [*sorted(troubles.items()),
                              ("generations of databases", audit.generations.count)])

    print("memory in KiB and open descriptors, in the first third of the trouble and in the last")
    table(["process", "KiB", "KiB", "fds", "fds", "fds before", "fds after"],
          [[role, *(f"{part[0]:.0f}" for part in parts), *(f"{part[1]:.0f}" for part in parts),
            *(f"{count:.0f}" for count in run.samples.calm().get(role, (0, 0)))]
           for role, parts in sorted(run.samples.compare().items())])

    answers = sum(sum(counts.values()) for counts in audit.codes.values())
    print(f"  {answers} sends, {audit.retried} answers of more than one try, "
          f"{audit.streamed} whole results in {audit.chunks} chunks, {audit.aborted} broken off, "
          f"{audit.events.count} events, {run.piped} through xodb-req")
    print(f"  latest after its deadline: {quantile(audit.lateness, 1) * 1000:.0f} ms; "
          f"after a cancel: {quantile(audit.cancel_times, 1) * 1000:.0f} ms")
    print(f"  whole again after {run.recovery:.2f} s; computes {run.idle * 100:.0f} % of a core "
          f"when nobody asks\n")

    for what, details in audit.faults.items():
        print(f"FAULT {what}: {len(details)} times")
        for detail in details[:5]:
            print(f"    {detail}")
    print(f"chaos: {'nothing was wrong' if not audit.faults else 'FAILED'} (seed {run.options.seed})")
