#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # expanded later; variables come from the helpers
# The router at its sockets, with workers whose engine echoes, sleeps, crashes and hangs.

load helpers
load cluster

setup() { set_up_run; }
teardown() { tear_down_run; }

# Succeeds when a statement runs.
runs() { # SQL
  ask 'SHOW what=queue' | grep -q "\"state\":\"running\".*\"sql\":\"$1\""
}

# Succeeds when so many requests are in flight.
in_flight() { # N
  [ "$(ask 'SHOW what=queue' | grep -c '"state"')" -eq "$1" ]
}

# The pid of the worker that runs something.
running_worker() {
  ask 'SHOW what=workers format=tsv' | awk -F '\t' '$5 == "running" { print $3 }'
}

@test "REQ and DEALER clients are answered, with envelopes of any depth" {
  start_router
  start_workers 1
  for options in "" --dealer --correlate "--envelope proxy" "--envelope a --envelope b"; do
    # shellcheck disable=SC2086 # to be split
    run -0 ask $options 'QUERY db=test id=7' 'echo hello'
    [[ ${lines[0]} == "OK id=7 rows=1 tries=1 worker=workers-1 "* ]]
    [ "${lines[1]}" = hello ]
  done
}

@test "clients are answered on tcp as well" {
  start_router --bind 'tcp://127.0.0.1:*'
  start_workers 1
  local port
  port=$(ss -Hltnp | awk -v pid="pid=$router," 'index($0, pid) { sub(/.*:/, "", $4); print $4 }')
  run -0 ask --endpoint "tcp://127.0.0.1:$port" 'QUERY db=test' 'echo hello'
  [ "${lines[1]}" = hello ]
}

@test "parameters travel as they are; without them their frame is empty" {
  start_router
  start_workers 1
  run -0 ask 'QUERY db=test' params '[1,"a\tb"]'
  [ "${lines[1]}" = '[1,"a\tb"]' ]
  run -0 ask 'QUERY db=test' params
  [[ ${lines[0]} == "OK "* ]]
  [ "${#lines[@]}" -eq 1 ]
}

@test "an error of the engine arrives with all that it says" {
  start_router
  start_workers 1
  run -0 ask 'QUERY db=test id=7' nonsense
  [[ ${lines[0]} == 'ERROR id=7 code=sql message="no such verb" offset=0 tries=1 worker=workers-1 '* ]]
}

@test "what is not the protocol gets bad-request, and the router goes on" {
  start_router
  start_workers 1
  while IFS='|' read -r expected frames; do
    # shellcheck disable=SC2086 # to be split
    run -0 eval ask $frames
    echo "$frames -> ${lines[0]}"
    [[ ${lines[0]} == "ERROR "*"code=bad-request "*"$expected"* ]]
  done <<'EOF'
unknown verb 'FETCH'|'FETCH db=test id=7' 'echo'
unknown format 'xml'|'QUERY db=test format=xml' 'echo'
QUERY without db=|'QUERY id=7' 'echo'
QUERY without a frame of SQL|'QUERY db=test'
deadline=|'QUERY db=test deadline=soon' 'echo'
id= is longer|"QUERY db=test id=$(printf 'x%.0s' {1..129})" 'echo'
more frames|'QUERY db=test' 'echo' '[]' 'surplus'
SHOW needs what=|'SHOW what=secrets'
SHOW is a line alone|'SHOW what=databases' 'echo'
no word|''
not UTF-8|'hex:514552ff' 'echo'
not UTF-8|'hex:51554552592064623dff' 'echo'
no space before a key|'hex:5155455259002064623d74657374' 'echo'
no space before a key|'QUERY db="test"id=1' 'echo'
given twice|'QUERY db=test db=test' 'echo'
a string without end|'QUERY db="test' 'echo'
EOF
  # Without the empty frame, and with nothing behind it.
  run -0 ask --raw 'QUERY db=test id=7' 'echo'
  [[ ${lines[0]} == "ERROR id=7 code=bad-request "*"no empty frame"* ]]
  run -0 ask --dealer
  [[ ${lines[0]} == "ERROR code=bad-request "*"no line"* ]]
  run -0 ask 'QUERY db=test id=8' 'echo still there'
  [ "${lines[1]}" = "still there" ]
}

@test "garbage on any socket ends nothing" {
  start_events
  start_router --bind 'tcp://127.0.0.1:*'
  start_workers 1
  local port
  port=$(ss -Hltnp | awk -v pid="pid=$router," 'index($0, pid) { sub(/.*:/, "", $4); print $4 }')
  run -0 /usr/bin/python3 "$BATS_TEST_DIRNAME/garbage.py" "$port"
  run -0 ask 'QUERY db=test id=8' 'echo still there'
  [ "${lines[1]}" = "still there" ]
  local process
  for process in "${started[@]}"; do alive "$process"; done
  [ "$(worker_pids | wc -l)" -eq 1 ]
  [ ! -s "$work/router.err" ] && [ ! -s "$work/workers.err" ]
}

@test "an unknown database is refused at once; one that appears is found, one that goes is gone" {
  echo one >"$work/list"
  start_router
  start_workers 2 --list "$work/list"
  sleep 2.1 # a new router gives workers so long to come
  run -0 ask 'QUERY db=two id=7 deadline=1500' 'echo'
  [[ ${lines[0]} == "ERROR id=7 code=no-such-database message=\"no worker has a database 'two'\""* ]]
  printf 'one\ntwo\n' >"$work/list"
  run -0 ask 'QUERY db=two' 'echo here'
  [ "${lines[1]}" = here ]
  run -0 ask 'SHOW what=databases format=tsv'
  [ "${lines[1]}" = "one	2	\\N	0" ]
  [ "${lines[2]}" = "two	2	\\N	0" ]
  echo two >"$work/list"
  run -0 ask 'SHOW what=databases format=csv'
  [ "${#lines[@]}" -eq 3 ]
  run -0 ask 'QUERY db=one' 'echo'
  [[ ${lines[0]} == *code=no-such-database* ]]
}

@test "a worker killed in the middle of a query: one answer, two tries" {
  start_events
  start_router
  start_workers 2
  ask 'QUERY db=test id=7' "until $work/go" >"$work/answer" 3>&- &
  note_started
  local client=$pid
  wait_for runs "until $work/go"
  kill -KILL "$(running_worker)"
  touch "$work/go"
  wait_status "$client"
  [[ $(head -n 1 "$work/answer") == "OK id=7 rows=1 tries=2 "* ]]
  wait_for event '^request.retried .*id=7 .*tries=2'
  wait_for event '^worker.exited .*signal=KILL'
}

@test "after as many deaths as --tries says the answer is crashed, and others go on" {
  start_router --tries 2
  start_workers 2
  run -0 ask 'QUERY db=test id=7' crash
  [[ ${lines[0]} == 'ERROR id=7 code=crashed message="2 workers died while they ran it" tries=2 '* ]]
  run -0 ask 'QUERY db=test id=8' 'echo on'
  [ "${lines[1]}" = on ]
}

@test "a query that kills one worker is answered by the next" {
  start_router
  start_workers 1
  run -0 ask 'QUERY db=test id=7' "crash-once $work/mark"
  [[ ${lines[0]} == "OK id=7 rows=1 tries=2 "* ]]
}

@test "a deadline is kept, also with a worker that hangs" {
  start_events
  start_router
  start_workers 1
  ask 'QUERY db=test id=7 deadline=4000' hang >"$work/hang" 3>&- &
  note_started
  local client=$pid
  wait_for runs hang
  # Nobody is free now: what waits is refused when its own time is over.
  run -0 ask 'QUERY db=test id=8 deadline=300' 'echo'
  [[ ${lines[0]} == "ERROR id=8 code=deadline "*"no worker was free"* ]]
  wait_status "$client"
  grep '^ERROR id=7 code=deadline ' "$work/hang"
  # The worker has ended itself, which is no crash; the next one is there at once.
  wait_for event '^worker.exited .*status=79'
  run -0 ask 'QUERY db=test id=9' 'echo on'
  [ "${lines[1]}" = on ]
  run -1 event '^(request.retried|worker.backoff) '
}

@test "a worker that is stopped in the middle of a query is killed, and another one answers" {
  start_events
  start_router
  start_workers 2
  ask 'QUERY db=test id=7' "until $work/go" >"$work/answer" 3>&- &
  note_started
  local client=$pid held
  wait_for runs "until $work/go"
  held=$(running_worker)
  kill -STOP "$held"
  touch "$work/go"
  wait_status "$client"
  grep '^OK id=7 rows=1 tries=2 ' "$work/answer"
  wait_for event "^worker.exited .* pid=$held signal=KILL"
}

@test "a router that has come back gets its workers at once" {
  start_router
  start_workers 2
  kill -KILL "$router"
  wait_status "$router"
  start_router
  wait_for has_joined 2
  run -0 ask 'QUERY db=test id=7' 'echo back'
  [ "${lines[1]}" = back ]
}

@test "the workers' supervisor is killed: no worker is left behind, others take over" {
  start_router
  start_workers 2
  local left
  left=$(worker_pids)
  kill -KILL "$workers"
  # shellcheck disable=SC2086 # to be split
  wait_for gone $left
  start_workers 2
  run -0 ask 'QUERY db=test id=7' 'echo again'
  [ "${lines[1]}" = again ]
}

@test "TERM: the router answers what it holds, refuses what is new, and ends" {
  start_events
  start_router
  start_workers 1
  ask 'QUERY db=test id=1' "until $work/go" >"$work/first" 3>&- &
  note_started
  local first=$pid
  wait_for runs "until $work/go"
  ask 'QUERY db=test id=2' 'echo second' >"$work/second" 3>&- &
  note_started
  local second=$pid
  wait_for in_flight 2
  kill -TERM "$router"
  wait_for event '^router.draining '
  run -0 ask 'QUERY db=test id=3' 'echo'
  [[ ${lines[0]} == "ERROR id=3 code=draining "*retry_ms=* ]]
  touch "$work/go"
  wait_status "$first"
  wait_status "$second"
  [[ $(<"$work/first") == "OK id=1 "* ]]
  [[ $(<"$work/second") == "OK id=2 "* ]]
  wait_status "$router"
  [ "$status" -eq 0 ]
}

@test "a worker that is told to end finishes what it holds" {
  start_events
  start_router
  start_workers 1
  ask 'QUERY db=test id=1' "until $work/go" >"$work/first" 3>&- &
  note_started
  local first=$pid
  wait_for runs "until $work/go"
  kill -TERM "$workers"
  wait_for event '^worker.stopping '
  touch "$work/go"
  wait_status "$first"
  [[ $(<"$work/first") == "OK id=1 rows=1 tries=1 "* ]]
  wait_status "$workers"
  [ "$status" -eq 0 ]
  wait_for event '^worker.exited .*status=0'
}

@test "a worker started by hand is served, and ends without losing anything" {
  start_router
  start by-hand xodb-test-worker
  local worker=$pid
  wait_for eval '[ "$(shown_workers)" -eq 1 ]'
  ask 'QUERY db=test id=1' "until $work/go" >"$work/first" 3>&- &
  note_started
  local first=$pid
  wait_for runs "until $work/go"
  kill -TERM "$worker"
  touch "$work/go"
  wait_status "$first"
  [[ $(<"$work/first") == "OK id=1 "* ]]
  wait_status "$worker"
  [ "$status" -eq 0 ]
}

@test "the queue is bounded: busy at once, with a time to try again after" {
  start_router --max-queued 1
  start_workers 1
  ask 'QUERY db=test id=1' "until $work/go" >"$work/first" 3>&- &
  note_started
  wait_for runs "until $work/go"
  ask 'QUERY db=test id=2' 'echo' >"$work/second" 3>&- &
  note_started
  wait_for in_flight 2
  run -0 ask 'QUERY db=test id=3' 'echo'
  [[ ${lines[0]} == "ERROR id=3 code=busy "*retry_ms=* ]]
}

@test "with all workers busy, and a queue, the processors rest" {
  start_router
  start_workers 2
  for id in 1 2 3; do
    ask "QUERY db=test id=$id" hang >"$work/$id" 2>&1 3>&- &
    note_started
  done
  wait_for in_flight 3
  local before after
  before=$(($(ticks "$router") + $(ticks "$workers")))
  sleep 3
  after=$(($(ticks "$router") + $(ticks "$workers")))
  echo "ticks of 10 ms in 3 s: $((after - before))"
  [ $((after - before)) -le 6 ]
}

@test "bad arguments and places are refused with their status" {
  run -64 xodb-router --tries 0
  [[ $output == "xodb-router: "* ]]
  run -64 xodb-router --nonsense
  run -64 xodb-router surplus
  run -77 xodb-router --bind tcp://0.0.0.0:13579
  [[ $output == "xodb-router: bind tcp://0.0.0.0:13579: only loopback addresses"* ]]
  run -77 xodb-router --bind 'tcp://*:13579'
  run -77 xodb-router --bind tcp://192.168.1.1:13579
  # Octal, that is 87.0.0.1.
  run -77 xodb-router --bind tcp://0127.0.0.1:13579
  run -64 xodb-router --bind udp://127.0.0.1:13579
  XODB_RUN=relative run -64 xodb-router
  [[ $output == *"the path is not absolute" ]]
  XODB_RUN=/tmp/$(printf 'x%.0s' {1..100}) run -64 xodb-router
  [[ $output == *"bytes; sockets in it need"* ]]
  XODB_RUN=/nonexistent/run run -73 xodb-router
  [[ $output == "xodb-router: run directory /nonexistent/run: No such file or directory" ]]
  mkdir -m 755 "$work/open"
  XODB_RUN=/etc run -77 xodb-router
  chmod 755 "$XODB_RUN"
  run -77 xodb-router
  [[ $output == *"others may enter it: its mode is 755, not 700" ]]
}

@test "a run directory of somebody else is refused" {
  [ "$(id -u)" -eq 0 ] || skip "only root can give a directory away"
  chown 12345 "$XODB_RUN"
  run -77 xodb-req -d test x
  [[ $output == "xodb-req: run directory $XODB_RUN: it belongs to user 12345" ]]
  run -77 xodb-router
  [[ $output == "xodb-router: run directory $XODB_RUN: it belongs to user 12345" ]]
}

@test "an endpoint in use is refused, and so is a second router" {
  start_router --bind 'tcp://127.0.0.1:*'
  local port second
  port=$(ss -Hltnp | awk -v pid="pid=$router," 'index($0, pid) { sub(/.*:/, "", $4); print $4 }')
  run -73 xodb-router
  [[ $output == *"already running there" ]]
  second=$(mktemp -d /tmp/xodb-t.XXXXXX)
  XODB_RUN=$second run -73 xodb-router --bind "tcp://127.0.0.1:$port"
  rm -r "$second"
  [[ $output == "xodb-router: bind tcp://127.0.0.1:$port: Address already in use" ]]
}

@test "a path on which somebody listens is refused, and one that was left behind is taken" {
  local second shared=ipc://$XODB_RUN/shared
  start_router --bind "$shared"
  second=$(mktemp -d /tmp/xodb-t.XXXXXX)
  XODB_RUN=$second run -73 xodb-router --bind "$shared"
  rm -r "$second"
  [ "$output" = "xodb-router: bind $shared: Address already in use" ]
  run -0 xodb-req --router "$shared" --show workers -f tsv
  kill -KILL "$router"
  wait_for gone "$router"
  [ -S "${shared#ipc://}" ]
  start_router --bind "$shared"
  run -0 xodb-req --router "$shared" --show workers -f tsv
}
