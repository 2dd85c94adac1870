# Sends a statement N times at once through one DEALER, and prints the answers' lines.
import os
import sys

import zmq

count, sql = int(sys.argv[1]), sys.argv[2]
with zmq.Context() as context, context.socket(zmq.DEALER) as router:
    router.linger = 0
    router.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    for number in range(count):
        router.send_multipart([b"", b"QUERY db=test id=%d" % number, sql.encode()])
    for _ in range(count):
        if not router.poll(20000):
            sys.exit("no answer")
        print(router.recv_multipart()[1].decode())
