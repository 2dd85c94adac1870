"""Opens connections that say nothing, to a unix socket or a local tcp port, and keeps them open.

usage: mute.py NUMBER PATH|PORT

Prints how many it has, and ends with its standard input.
"""

import socket
import sys

number, address = int(sys.argv[1]), sys.argv[2]
is_path = address.startswith("/")
held = []
for _ in range(number):
    connection = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
    connection.connect(address if is_path else ("127.0.0.1", int(address)))
    held.append(connection)
print(len(held), flush=True)
sys.stdin.read()
