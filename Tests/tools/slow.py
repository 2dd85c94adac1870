"""A slow network: passes on what comes to a port of its own to another one, and what comes back so many bytes a second.

usage: slow.py PORT BYTES

Prints its own port.
"""

import socket
import sys
import threading
import time

target, rate = map(int, sys.argv[1:])


def carry(source, sink, pause):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
            time.sleep(len(data) * pause)
    except OSError:
        pass
    for side in source, sink:
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    near = listener.accept()[0]
    far = socket.create_connection(("127.0.0.1", target))
    for side in near, far:
        side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=carry, args=(near, far, 0), daemon=True).start()
    threading.Thread(target=carry, args=(far, near, 1 / rate), daemon=True).start()
