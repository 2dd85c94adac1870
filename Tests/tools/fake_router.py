#!/usr/bin/python3
"""A router that does what the SQL of a request says, for tests of clients.

    fake_router.py ENDPOINT LOG

What it does, by the first word of the SQL:

    fail CODE [OFFSET]   answers an error
    busy N               answers busy N times, then echoes
    later MS             echoes after so many milliseconds
    hold / release       keeps answers back; then sends them, the last one first
    restart MS           closes everything the first time and is away for so long
    twice                echoes twice, and under an id that nobody has
    garbage              sends broken messages, then echoes
    strange              answers what no version of the protocol has
    many                 answers in a message of several, and then what is none
    large BYTES          answers so many bytes
    stream N BYTES [END] sends N chunks of so many bytes as it is asked for them, then an empty rest; or,
                         in its middle, the first time only when it is `restart MS` or `printed MS` (a
                         restart once the client has printed what was sent), something else: aborted,
                         gap, twice, flood (chunks that nobody has asked for), stall, short (the final
                         answer counts too few)
    csv TEXT             answers TEXT, with \\r \\n for those
    silent               does not answer
    versions N           answers the same N times, each time as another version; then fails
    watch FILE           answers the file's text, or with what `fail` says in it; knows if-version=
                         and wait=change, the version being a hash of the text

Everything else is echoed: a JSON object with the SQL, the parameters and the line's pairs.
Each request is written to LOG, a line each.
"""

import json
import pathlib
import re
import shlex
import sys
import time
import zlib

import zmq

# So many chunks ahead of what it has printed xodb-req asks for.
CREDIT = 4


def netstrings(frame):
    contents = []
    while frame:
        length, _, rest = frame.partition(b":")
        contents.append(rest[:int(length)])
        frame = rest[int(length) + 1:]
    return contents


def singles(line, sql, parameters):
    """Of a series the requests that it is, as if each had come alone."""
    series = re.fullmatch(rb"(.* id=)(\d+)( .*)? each=(\d+)", line)
    if not series:
        return [[line, sql, parameters]]
    sets = netstrings(parameters)
    assert len(sets) == int(series[4]), line
    return [[b"%s%d%s" % (series[1], int(series[2]) + n, series[3] or b""), sql, values]
            for n, values in enumerate(sets)]


class Router:
    def __init__(self, endpoint, log):
        self.endpoint = endpoint
        self.log = open(log, "a", buffering=1)
        self.seen = {}
        self.open()

    def open(self):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = 0
        self.socket.bind(self.endpoint)
        self.held = []
        self.timed = []
        self.watched = []
        self.streams = {}

    def restart(self, seconds):
        # What was sent before is not lost.
        self.context.destroy(linger=1000)
        time.sleep(seconds)
        self.open()

    def run(self):
        while True:
            now = time.monotonic()
            for entry in [entry for entry in self.timed if entry[0] <= now]:
                self.timed.remove(entry)
                self.socket.send_multipart(entry[1])
            watched, self.watched = self.watched, []
            for entry in watched:
                self.watch(*entry)
            if self.socket.poll(5 if self.timed or self.watched else 1000):
                self.receive(self.socket.recv_multipart())

    def receive(self, frames):
        if frames[2] != b"MANY":
            return self.serve(frames)
        contents = netstrings(frames[3])
        for first in range(0, len(contents), 3):
            for request in singles(*contents[first:first + 3]):
                while not request[-1]:
                    request.pop()
                self.serve(frames[:2] + request)

    def control(self, peer, line):
        self.log.write(f"{line}\n")
        verb, *pairs = shlex.split(line)
        pairs = dict(pair.split("=", 1) for pair in pairs)
        if (peer, pairs["id"]) not in self.streams:
            return
        if verb == "CREDIT":
            self.stream(peer, pairs["id"], int(pairs["credit"]))
        elif verb == "CANCEL":
            del self.streams[peer, pairs["id"]]
            line = f"ERROR code=cancelled id={pairs['id']}"
            self.socket.send_multipart([peer, b"", line.encode(), b""])

    def watch(self, peer, pairs, file, end):
        text = pathlib.Path(file).read_bytes()
        version = f"{zlib.crc32(text):x}"
        if text.startswith(b"fail "):
            line, text = f"ERROR code={text.split()[1].decode()} message=failed", b""
        elif pairs.get("if-version") != version:
            line = f"OK rows=1 version={version}"
        elif "wait" not in pairs or time.monotonic() > end:
            line, text = f"OK rows=0 unchanged=1 version={version}", b""
        else:
            return self.watched.append((peer, pairs, file, end))
        self.socket.send_multipart([peer, b"", f"{line} id={pairs['id']}".encode(), text])

    def stream(self, peer, key, credit):
        """Sends the chunks of a stream that may be sent."""
        stream = self.streams[peer, key]
        stream["credit"] += credit
        stream["granted"] += credit
        count, size, end, first = stream["count"], stream["size"], stream["end"], stream["first"]

        def send(text, body=b""):
            self.socket.send_multipart([peer, b"", f"{text} id={key}".encode(), body])

        def chunk(number):
            row = f"{number}".encode()
            send(f"MORE chunk={number} worker=w-1", row + b" " * (size - len(row) - 1) + b"\n")

        while stream["sent"] < count and stream["credit"] > 0:
            if stream["sent"] == count // 2:
                if end == "aborted":
                    del self.streams[peer, key]
                    return send("ERROR code=aborted message=cut")
                if end == "stall":
                    return
                if end == "printed" and first and stream["granted"] < stream["sent"] + CREDIT:
                    return
                if end in ("restart", "printed") and first:
                    return self.restart(stream["ms"] / 1000)
                if end == "gap":
                    stream["sent"] += 1
                if end == "twice":
                    chunk(stream["sent"])
                if end == "flood":
                    stream["credit"] = 10**6
            stream["sent"] += 1
            stream["credit"] -= 1
            chunk(stream["sent"])
        if stream["sent"] == count:
            del self.streams[peer, key]
            chunks = count - 1 if end == "short" else count
            send(f"OK rows={count} chunks={chunks}")

    def serve(self, frames):
        peer, line = frames[0], frames[2].decode()
        if not line.startswith(("QUERY", "SHOW")):
            return self.control(peer, line)
        sql = frames[3].decode("utf-8", "replace") if len(frames) > 3 else ""
        pairs = dict(pair.split("=", 1) for pair in shlex.split(line)[1:])
        words = sql.split() or [""]
        count = self.seen[sql] = self.seen.get(sql, 0) + 1
        self.log.write(f"{line} | {sql}\n")

        def answer(text, body=b""):
            return [peer, b"", f"{text} id={pairs['id']}".encode(), body]

        def send(*parts):
            self.socket.send_multipart(list(parts))

        row = {"sql": sql, "params": frames[4].decode() if len(frames) > 4 else None}
        row["format"] = pairs.get("format")
        echo = answer("OK rows=1", json.dumps(row, separators=(",", ":")).encode() + b"\n")

        if words[0] == "fail":
            offset = f" offset={words[2]}" if len(words) > 2 else ""
            send(*answer(f'ERROR code={words[1]} message="it is {words[1]}"{offset}'))
        elif words[0] == "busy" and count <= int(words[1]):
            send(*answer("ERROR code=busy message=queue retry_ms=20"))
        elif words[0] == "later":
            self.timed.append((time.monotonic() + int(words[1]) / 1000, echo))
        elif words[0] == "hold":
            self.held.append(echo)
        elif words[0] == "release":
            send(*echo)
            for held in reversed(self.held):
                send(*held)
            self.held = []
        elif words[0] == "restart" and count == 1:
            self.restart(int(words[1]) / 1000)
        elif words[0] == "twice":
            send(*echo)
            send(*echo)
            send(peer, b"", b"OK id=999999 rows=1", b"nobody's\n")
        elif words[0] == "garbage":
            for parts in ([b""], [b"x"], [b"", b"\xff"], [b"", b""], [b""] * 2000, [b"", b"OK"]):
                send(peer, *parts)
            send(*echo)
        elif words[0] == "strange":
            send(*answer("MAYBE rows=1"))
        elif words[0] == "many":
            packed = b"".join(b"%d:%s," % (len(part), part) for part in echo[2:])
            send(peer, b"", b"MANY", packed + b"7:broken")
        elif words[0] == "stream":
            self.streams[peer, pairs["id"]] = {
                "count": int(words[1]),
                "size": int(words[2]),
                "end": words[3] if len(words) > 3 else "",
                "ms": int(words[4]) if len(words) > 4 else 0,
                "first": count == 1,
                "sent": 0,
                "credit": 0,
                "granted": 0,
            }
            self.stream(peer, pairs["id"], int(pairs["credit"]))
        elif words[0] == "large":
            send(*answer("OK rows=1", b"x" * (int(words[1]) - 1) + b"\n"))
        elif words[0] == "versions" and count <= int(words[1]):
            send(*answer(f"OK rows=1 version={count}", b"same\n"))
        elif words[0] == "versions":
            send(*answer("ERROR code=sql message=enough"))
        elif words[0] == "watch":
            self.watch(peer, pairs, words[1], time.monotonic() + int(pairs["deadline"]) / 1000)
        elif words[0] == "csv":
            text = sql[4:].replace("\\r", "\r").replace("\\n", "\n")
            send(*answer("OK rows=1", text.encode()))
        elif words[0] != "silent":
            send(*echo)


Router(*sys.argv[1:]).run()
