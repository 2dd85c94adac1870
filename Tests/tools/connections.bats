#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # expanded later; variables come from the helpers
# Connections of clients and workers to the router: those that end, and those that are too many.

load helpers
load cluster

setup() { set_up_run; }
teardown() { tear_down_run; }

# The tcp port that the router listens on.
tcp_port() {
  ss -Hltnp | awk -v pid="pid=$router," 'index($0, pid) { sub(/.*:/, "", $4); print $4 }'
}

# Starts a router with both kinds of endpoint, under limits on descriptors.
start_limited_router() { # ULIMIT ARGUMENTS
  start router bash -c 'ulimit "$@" && exec xodb-router --bind "tcp://127.0.0.1:*"' bash "$@"
  router=$pid
  wait_for test -S "$XODB_RUN/events/router"
}

# Opens connections that say nothing, and keeps them open until `let_go`.
hold_connections() { # NUMBER ADDRESS
  mkfifo "$work/hold"
  /usr/bin/python3 "$BATS_TEST_DIRNAME/mute.py" "$@" <"$work/hold" >"$work/held.out" 3>&- &
  note_started
  exec 8>"$work/hold"
  wait_for filled "$work/held.out"
}

let_go() {
  exec 8>&-
  rm "$work/hold" "$work/held.out"
}

# Succeeds when the request of this id runs.
runs() { # ID
  ask 'SHOW what=queue' | grep -q "\"id\":\"$1\".*\"state\":\"running\""
}

# The descriptors of a process.
count_descriptors() { # PID
  local descriptors=("/proc/$1/fd"/*)
  echo "${#descriptors[@]}"
}

# Clients that are all connected at once, in a few processes, are all answered.
serve_crowd() { # NUMBER PROCESSES ENDPOINT
  local each=$(($1 / $2)) part
  mkfifo "$work/stay"
  for ((part = 0; part < $2; part++)); do
    /usr/bin/python3 "$BATS_TEST_DIRNAME/crowd.py" "$3" "$each" \
      <"$work/stay" >"$work/crowd$part.out" 2>"$work/crowd$part.err" 3>&- &
    note_started
  done
  exec 8>"$work/stay"
  for ((part = 0; part < $2; part++)); do
    WAIT_SECONDS=90 wait_for grep -q answered "$work/crowd$part.out"
  done
  local descriptors
  descriptors=$(count_descriptors "$router")
  [ "$descriptors" -ge "$1" ]
  echo "$1 clients on ${3%%:*} were answered within" \
    "$(sed -n 's/^answered //p' "$work"/crowd*.out | sort -n | tail -n 1) s;" \
    "the router has $(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$router/status") MiB" >&3
  exec 8>&-
  rm "$work/stay"
  # All of them are missed.
  wait_for eval '[ "$(count_descriptors "$router")" -lt 100 ]'
}

@test "a client that is killed or hangs up is missed at once: what it waits for is cancelled" {
  start_events
  start_router --bind 'tcp://127.0.0.1:*'
  start_workers 13 # so that no request waits for an earlier one's worker
  local endpoint options signal id=0 killed missed
  for endpoint in "ipc://$XODB_RUN/clients" "tcp://127.0.0.1:$(tcp_port)"; do
    for options in "" --dealer; do
      for signal in KILL TERM STOP; do
        id=$((id + 1))
        # shellcheck disable=SC2086 # to be split
        /usr/bin/python3 "$BATS_TEST_DIRNAME/client.py" $options --endpoint "$endpoint" \
          "QUERY db=test id=$id" 'sleep 20000' >/dev/null 2>&1 3>&- &
        note_started
        wait_for runs "$id"
        killed=$(date +%s%N)
        kill -"$signal" "$pid"
        if [ "$signal" = STOP ]; then
          # One that is only stopped is there, and answered when it goes on.
          sleep 0.3
          run ! event "^request.cancelled .*id=$id "
          killed=$(date +%s%N)
          kill -KILL "$pid"
        fi
        wait_for event "^request.cancelled .*id=$id "
        missed=$(microseconds "$(grep "^request.cancelled .*id=$id " "$work/events.out")")
        echo "$endpoint $options $signal: missed after $((missed - killed / 1000)) µs"
        [ $((missed - killed / 1000)) -le 300000 ]
      done
    done
  done
  run -0 ask 'QUERY db=test' 'echo on'
  [ "${lines[1]}" = on ]
}

@test "a worker that was started by hand and is killed is missed at once" {
  start_router
  start a xodb-test-worker
  local first=$pid
  wait_for eval '[ "$(shown_workers)" -eq 1 ]'
  ask 'QUERY db=test id=1' "until $work/go" >"$work/answer" 3>&- &
  note_started
  local client=$pid
  wait_for runs 1
  start b xodb-test-worker
  wait_for eval '[ "$(shown_workers)" -eq 2 ]'
  kill -KILL "$first"
  touch "$work/go"
  wait_status "$client"
  [[ $(<"$work/answer") == "OK id=1 rows=1 tries=2 "* ]]
  wait_for eval '[ "$(shown_workers)" -eq 1 ]'
}

@test "connections without end: the router refuses them, rests, and serves those it has" {
  start_events
  start_limited_router -n 200
  start_workers 1
  local port address before
  port=$(tcp_port)
  for address in "$XODB_RUN/clients" "$port" "$XODB_RUN/workers" "$XODB_RUN/events/router"; do
    # A client from before.
    ask 'QUERY db=test id=1' 'sleep 2000' >"$work/early" 2>&1 3>&- &
    note_started
    local early=$pid
    wait_for runs 1
    hold_connections 400 "$address"
    # Workers have some that clients have not.
    wait_for eval '[ "$(count_descriptors "$router")" -ge 100 ]'
    [ "$(count_descriptors "$router")" -lt 160 ]
    before=$(ticks "$router")
    sleep 1
    echo "$address: $(($(ticks "$router") - before)) ticks of 10 ms in 1 s"
    [ $(($(ticks "$router") - before)) -le 20 ]
    wait_status "$early"
    [[ $(<"$work/early") == "OK id=1 "* ]]
    let_go
    run -0 ask 'QUERY db=test' 'echo again'
    [ "${lines[1]}" = again ]
    run -0 ask --endpoint "tcp://127.0.0.1:$port" 'QUERY db=test' 'echo again'
  done
  event '^router.rejected .*from=client why="no descriptor is left'
  alive "$router"
  [ "$(shown_workers)" -eq 1 ]
}

@test "a client over tcp that reads nothing for long gets all of its answers then" {
  start_router --bind 'tcp://127.0.0.1:*'
  router=$pid
  start_workers 1
  # 28 MiB, of which the connection holds a part. The kernel would end one to a silent host after 6 s.
  run -0 /usr/bin/python3 "$BATS_TEST_DIRNAME/pause.py" "tcp://127.0.0.1:$(tcp_port)" 2000 14336 9
  [ "$output" = 2000 ]
}

@test "connections that say nothing are closed after a while" {
  start_router
  hold_connections 50 "$XODB_RUN/clients"
  wait_for eval '[ "$(count_descriptors "$router")" -gt 50 ]'
  wait_for eval '[ "$(count_descriptors "$router")" -lt 50 ]'
  let_go
}

@test "1500 clients at once, under a soft limit of 1024 descriptors" {
  [ "$(ulimit -Hn)" -ge 4000 ] || skip "the hard limit on descriptors is $(ulimit -Hn)"
  start_limited_router -Sn 1024
  start_workers 2
  serve_crowd 1500 2 "ipc://$XODB_RUN/clients"
  serve_crowd 1500 2 "tcp://127.0.0.1:$(tcp_port)"
}

@test "10000 clients at once" {
  [ "$(ulimit -Hn)" -ge 12000 ] || skip "the hard limit on descriptors is $(ulimit -Hn)"
  start_limited_router -Sn 1024
  start_workers 2
  serve_crowd 10000 4 "ipc://$XODB_RUN/clients"
  serve_crowd 10000 4 "tcp://127.0.0.1:$(tcp_port)"
}
