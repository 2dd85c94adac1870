# Cancels a request that waits and one that runs, and then asks for something else.
import os
import sys
import time

import zmq


def answer():
    if not router.poll(20000):
        sys.exit("no answer")
    print(router.recv_multipart()[1].decode())


with zmq.Context() as context, context.socket(zmq.DEALER) as router:
    router.linger = 0
    router.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    router.send_multipart([b"", b"QUERY db=test id=1", b"sleep 20000"])
    router.send_multipart([b"", b"QUERY db=test id=2", b"echo"])
    time.sleep(0.2)
    router.send_multipart([b"", b"CANCEL id=2"])
    answer()
    router.send_multipart([b"", b"CANCEL id=1"])
    answer()
    # The worker has been told, and is used again.
    router.send_multipart([b"", b"QUERY db=test id=3", b"echo"])
    answer()
