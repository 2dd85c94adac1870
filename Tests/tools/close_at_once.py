#!/usr/bin/python3
"""Accepts connections on a socket and closes them at once; writes a line for each.

    close_at_once.py PATH
"""

import socket
import sys

with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1])
    listener.listen(100)
    while True:
        listener.accept()[0].close()
        print("closed", flush=True)
