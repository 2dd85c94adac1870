"""Runs a command N times and prints the minimum and the median time of the process in ms."""

import statistics
import subprocess
import sys
import time

times = []
for _ in range(int(sys.argv[1])):
    start = time.perf_counter()
    subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, check=True)
    times.append((time.perf_counter() - start) * 1000)
print(f"{min(times):.1f} {statistics.median(times):.1f}")
