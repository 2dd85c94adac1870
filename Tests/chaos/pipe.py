"""Pipes numbers through xodb-req until TERM, and compares what comes out: complete, and in order.

    pipe.py XODB_REQ RATE

It prints how many lines went through, and ends with 1 when they are not the same ones.
"""

import signal
import subprocess
import sys
import threading
import time

import processes

SQL = "select ?1, id from item where id = 1 + ?1 % 1000"


def main():
    tool, rate = sys.argv[1], float(sys.argv[2])
    is_ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_ending.set())
    process = subprocess.Popen(
        [tool, "-d", "red", "-f", "tsv", "--each", SQL], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, preexec_fn=processes.end_with_parent)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout))
    reader.start()
    number = 0
    while not is_ending.is_set() and process.poll() is None:
        process.stdin.write(b"%d\n" % number)
        process.stdin.flush()
        number += 1
        time.sleep(1 / rate)
    process.stdin.close()
    reader.join()
    expected = [b"%d\t%d\n" % (echo, 1 + echo % 1000) for echo in range(number)]
    print(f"{len(lines)} lines", flush=True)
    if process.wait() != 0 or lines != expected:
        first = next((index for index, (line, own) in enumerate(zip(lines, expected)) if line != own),
                     len(lines))
        sys.exit(f"pipe: status {process.returncode}, {len(lines)} lines for {number}, "
                 f"first difference in line {first + 1}: {lines[first:first + 1]}")


if __name__ == "__main__":
    main()
