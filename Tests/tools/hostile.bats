#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # expanded later; variables come from the helpers
# Clients that want the router to end, to stand still or to grow.

load helpers
load cluster

setup() { set_up_run; }
teardown() { tear_down_run; }

choose_id() { # [OPTION...] HEX...
  /usr/bin/python3 "$BATS_TEST_DIRNAME/choose_id.py" "$@"
}

@test "a client that takes the routing id of the router's next connection is refused" {
  start_events router.
  start_router
  local options long
  long=$(printf '%0510d' 0)
  for options in "" --split; do
    # shellcheck disable=SC2086 # to be split
    run -0 choose_id $options 006b8b4567 0000000000 "" 01 00 00ff 016b8b4567 006b8b456701 "$long"
    [ "${lines[*]}" = "refused refused$(printf ' answered%.0s' {1..7})" ]
  done
  wait_for event '^router.rejected .*from=client .*routing id'
  # In ZMTP 2 the id is elsewhere.
  run -0 choose_id --old 6b8b456700
  [ "$output" = refused ]
  alive "$router"
}

@test "a client cannot make the router end by guessing ids" {
  start_router
  # Where rand() begins that nobody has seeded, libzmq would count from here.
  run -0 /usr/bin/python3 - <<'PYTHON'
import os, struct, zmq
context = zmq.Context()
kept = []
for guess in [None] * 3 + list(range(60)) + [None] * 80:
    client = context.socket(zmq.DEALER)
    client.linger = 0
    if guess is not None:
        client.setsockopt(zmq.ROUTING_ID, b"\0" + struct.pack(">I", 0x6B8B4567 + guess))
    client.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    client.send_multipart([b"", b"SHOW what=databases"])
    if guess is None:
        assert client.poll(10_000), "no answer"
    kept.append(client)
PYTHON
  alive "$router"
}

@test "what a peer says at length keeps nobody from hearing the router" {
  start_events
  start_router --peer "ipc://$XODB_RUN/peer"
  /usr/bin/python3 - <<'PYTHON' 3>&- &
import os, zmq
peer = zmq.Context().socket(zmq.ROUTER)
peer.bind(f"ipc://{os.environ['XODB_RUN']}/peer")
for number in range(100):
    connection = peer.recv_multipart()[0]
    line = "H" * 60_000 if number else 'HELLO x="' + "\\n" * 30_000 + '"'
    peer.send_multipart([connection, b"", line.encode()])
PYTHON
  note_started
  wait_for event "^router.rejected .*from=peer why=\"no reply: 'HELLO'"
  wait_for event "^router.rejected .*from=peer why=\"no reply: 'HHHHH"
}

@test "clients that send large requests do not make the router look hung" {
  mkfifo "$work/notices"
  exec 7<>"$work/notices"
  XODB_READY_FD=7 start_router
  run -0 /usr/bin/python3 "$BATS_TEST_DIRNAME/large_flood.py" 4 80 "$work/notices"
  echo "# the router did not say that it lives for $output ms" >&3
  [ "$output" -lt 1500 ]
}

@test "a client that reads nothing does not make the router grow" {
  start_events router.
  start_router
  start xodb-worker-1 xodb-worker --data "$work"
  sqlite3 "$work/a.db" 'create table t(n)'
  wait_for eval '[ "$(shown_workers)" -eq 1 ]'
  run -0 /usr/bin/python3 - "$router" <<'PYTHON'
import os, sys, time, zmq
context = zmq.Context()
def ask(count, sql):
    client = context.socket(zmq.DEALER)
    client.linger = 0
    client.rcvhwm = 1
    client.setsockopt(zmq.RCVBUF, 4096)
    client.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    for number in range(count):
        client.send_multipart([b"", b"QUERY db=a id=%d format=tsv" % number, sql])
    return client
def size():
    with open(f"/proc/{sys.argv[1]}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) // 1024
mute = ask(24, b"select hex(zeroblob(15000000))")
other = ask(1, b"select 1")
assert other.poll(20_000), "no answer"
other.recv_multipart()
most = 0
end = time.monotonic() + 90
while True:
    most = max(most, size())
    other.send_multipart([b"", b"SHOW what=queue"])
    assert other.poll(20_000), "no answer"
    if not other.recv_multipart()[2]:
        break
    assert time.monotonic() < end, "the queue does not end"
    time.sleep(0.05)
print(most)
PYTHON
  echo "# the router had $output MiB" >&3
  [ "$output" -lt 400 ]
  wait_for event '^router.dropped .*what=rows'
  run ! event '^router.dropped .*what=answers'
}

@test "a client that reads late has an answer to each request, and a result without a gap" {
  start_router
  start xodb-worker-1 xodb-worker --data "$work"
  sqlite3 "$work/a.db" 'create table t(n)'
  wait_for eval '[ "$(shown_workers)" -eq 1 ]'
  /usr/bin/python3 - <<'PYTHON'
import os, re, time, zmq
context = zmq.Context()
def connect():
    client = context.socket(zmq.DEALER)
    client.linger = 0
    client.rcvhwm = 1
    client.setsockopt(zmq.RCVBUF, 4096)
    client.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
    return client
def ask(client, id, sql, more=""):
    client.send_multipart([b"", f"QUERY db=a id={id} format=tsv deadline=60000{more}".encode(), sql])
late, other = connect(), connect()
large = b"select hex(zeroblob(15000000))"
for id in range(8):
    ask(late, id, large)
# Each row of it is a chunk; the last one would wait until its reader asks for more.
ask(late, "stream", b"select hex(zeroblob(15000000)) from (values(1), (2), (3), (4))", " credit=3")
end = time.monotonic() + 60
# All have come when the first one is answered; that answer stays unread.
assert late.poll(20_000), "no answer"
queued = True
while queued:
    other.send_multipart([b"", b"SHOW what=queue"])
    assert other.poll(20_000), "the router does not answer"
    queued = other.recv_multipart()[2]
    assert time.monotonic() < end, "something waits for who does not read"
    time.sleep(0.05)
answers, chunks = {}, 0
while len(answers) < 9:
    assert late.poll(20_000), f"no answer to some: {answers}"
    _, line, rows = late.recv_multipart()
    id = re.search(rb" id=(\S+)", line)[1].decode()
    if line.startswith(b"MORE"):
        chunks += 1
        assert f" chunk={chunks} ".encode() in line and len(rows) == 30_000_001, line
        continue
    assert id not in answers, line
    answers[id] = line.split()[0].decode()
    if line.startswith(b"OK"):
        assert len(rows) == 30_000_001
    else:
        assert b" code=aborted " in line and not rows, line
    if id == "stream":
        assert (b" chunks=%d" % chunks in line) if chunks else b" chunks=" not in line, line
# What it reads is as it was sent, and what it has not read in time it is told of.
assert answers["0"] == "OK" and answers["7"] == answers["stream"] == "ERROR", answers
ask(late, "again", b"select 2")
assert late.poll(20_000) and late.recv_multipart()[2] == b"2\n"
PYTHON
}

@test "a router whose socket was removed ends, and the next one is found" {
  start router xodb-supervise --name router -n 1 -- xodb-router
  wait_for test -S "$XODB_RUN/workers"
  start_workers 1
  start_events
  local name
  for name in clients workers; do
    rm "$XODB_RUN/$name"
    wait_for test -S "$XODB_RUN/$name"
    wait_for eval '[ "$(shown_workers)" -eq 1 ]'
    run -0 ask 'QUERY db=test' 'echo again'
    grep "socket $XODB_RUN/$name: it was removed" "$work/router.err"
  done
  wait_for event 'exited .*status=73'
}

@test "a router whose socket was replaced ends, answers first and leaves the other socket alone" {
  start_router
  start_workers 1
  ask 'QUERY db=test id=1' "until $work/go" >"$work/answer" 3>&- &
  note_started
  local client=$pid
  start other /usr/bin/python3 -c "
import socket, time
other = socket.socket(socket.AF_UNIX)
other.bind('$XODB_RUN/other')
time.sleep(60)"
  wait_for test -S "$XODB_RUN/other"
  wait_for eval 'ask "SHOW what=queue" | grep -q running'
  # At once: the router looks every second, and must not find nothing there.
  mv "$XODB_RUN/other" "$XODB_RUN/clients"
  wait_for grep -s "clients: it is another's socket now" "$work/router.err"
  touch "$work/go"
  wait_status "$client"
  [[ $(<"$work/answer") == "OK id=1 "* ]]
  wait_status "$router"
  [ "$status" -eq 73 ]
  [ -S "$XODB_RUN/clients" ]
}

@test "what is at an ipc endpoint and no socket is left as it is" {
  echo precious >"$work/file"
  mkfifo "$work/pipe"
  local there
  for there in "$work/file" "$work/pipe" "$work"; do
    run -73 xodb-router --bind "ipc://$there" 3>&-
    [ "$output" = "xodb-router: bind ipc://$there: File exists" ]
    run -73 xodb-supervise --name w --bind "ipc://$there" -- true 3>&-
    [ "$output" = "xodb-supervise: bind ipc://$there: File exists" ]
    run -73 xodb-node --data "$work" --serve --bind "ipc://$there" 3>&-
    [ "$output" = "xodb-node: bind ipc://$there: File exists" ]
  done
  [ "$(<"$work/file")" = precious ]
  [ -p "$work/pipe" ]
}

@test "a router that could serve nobody says so" {
  run -71 bash -c "ulimit -n 127; exec xodb-router" 3>&-
  [ "$output" = "xodb-router: open descriptors: at most 127 are allowed, 128 are needed (ulimit -Hn)" ]
  start router bash -c "ulimit -n 128; exec xodb-router"
  wait_for test -S "$XODB_RUN/events/router"
  start_workers 2
}

@test "however many clients there are, a worker can come back" {
  start router bash -c 'ulimit -n 200 && exec xodb-router'
  router=$pid
  wait_for test -S "$XODB_RUN/events/router"
  start_workers 2
  local killed
  killed=$(worker_pids)
  mkfifo "$work/hold"
  /usr/bin/python3 "$BATS_TEST_DIRNAME/hold_clients.py" 300 <"$work/hold" >"$work/held.out" 3>&- &
  note_started
  exec 8>"$work/hold"
  wait_for filled "$work/held.out"
  # shellcheck disable=SC2086 # to be split
  kill -KILL $killed
  echo >&8
  wait_for eval '[ "$(wc -l <"$work/held.out")" -eq 2 ]'
  exec 8>&-
  grep '^OK' "$work/held.out"
}
