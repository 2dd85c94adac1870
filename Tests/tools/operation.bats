#!/usr/bin/env bats
# What an operator does to a cluster while clients ask it without pause: restarts, other sizes, an
# end. Whoever asks notices nothing of it.
# shellcheck disable=SC2030,SC2031,SC2016,SC2154 # expanded later; variables come from the helpers

load helpers
load cluster
load scripts

setup() { set_up_scripts; }

teardown() { tear_down_scripts; }

start_cluster() { # WORKERS
  start_events
  sqlite3 "$data/kv.db" 'create table kv(k, v)'
  start.sh -w "$1" "$data" 3>&-
  cluster=$(pid_of_name cluster)
  # Whatever is told of the start has been told then.
  local name
  for name in router workers cluster; do wait_for event "^supervisor.ready .*publisher=$name "; done
  # The names under which the outer supervisor keeps the two others.
  workers=$(pid_of cluster-2)
}

# Several connections ask, each with some requests in flight, until `finish_load`.
start_load() { # CONNECTIONS WINDOW DB SQL
  start load /usr/bin/python3 "$BATS_TEST_DIRNAME/load.py" "$@"
  load=$pid
}

finish_load() {
  kill -TERM "$load"
  wait_status "$load"
  cat "$work/load.out" "$work/load.err" >&3
  [ "$status" -eq 0 ]
}

# A number that load.py has printed.
loaded() { # KEY
  sed -E "s/.*\b$1=([0-9]+).*/\1/" "$work/load.out"
}

# What the workers lived through, in order: `stopping:workers-1 exited:workers-1 …`
lives() {
  sed -En 's/^worker\.(stopping|exited|started|ready) .* publisher=workers .*name=([^ ]*).*/\1:\2/p' \
    "$work/events.out" | tr '\n' ' '
}

# The pids that the events tell of these processes.
pids_of() { # NAME...
  local name
  for name in "$@"; do pid_of "$name"; done
}

restarted() { # PUBLISHER TIMES
  [ "$(count_events "^supervisor.restarted .*publisher=$1 ")" -ge "$2" ]
}

@test "HUP restarts the workers one by one; every query is answered once, at its first try" {
  start_cluster 3
  start_load 4 16 kv 'select ?1 as n'
  local old expected i
  for _ in 1 2 3; do
    mapfile -t old < <(pids_of workers-{1,2,3})
    : >"$work/events.out"
    kill -HUP "$workers"
    wait_for restarted workers 1
    expected=
    for i in 1 2 3; do
      expected+="stopping:workers-$i exited:workers-$i started:workers-$i ready:workers-$i "
    done
    [ "$(lives)" = "$expected" ]
    wait_for gone "${old[@]}"
    [ "$(worker_pids | wc -l)" -eq 3 ]
  done
  alive "$workers"
  alive "$cluster"
  wait_for eval '[ "$(shown_workers)" -eq 3 ]'
  finish_load
  [ "$(loaded ok)" -ge 1000 ]
  [ "$(loaded ok)" -eq "$(loaded asked)" ]
  [ "$(loaded retried)" -eq 0 ]
}

@test "HUP to the outer supervisor restarts the router, too; pipes go on, complete and in order" {
  start_cluster 2
  local clients=() i old
  mapfile -t old < <(pids_of router-1 workers-{1,2})
  for i in 1 2 3; do
    # Asks until it is told to stop.
    (until [ -e "$work/stop" ]; do seq $((n + 1)) $((n += 500)); done) 3>&- |
      tee "$work/in.$i" |
      xodb-req -d kv -f tsv --each 'select ?1' >"$work/out.$i" 2>"$work/err.$i" 3>&- &
    note_started
    clients+=("$pid")
  done
  wait_for filled "$work"/out.{1,2,3}
  kill -HUP "$cluster"
  wait_for restarted router 1
  wait_for restarted workers 1
  wait_for gone "${old[@]}"
  # The supervisors have stayed.
  [ "$(pid_of cluster-2)" = "$workers" ]
  alive "$workers"
  alive "$cluster"
  wait_for eval '[ "$(shown_workers)" -eq 2 ]'
  touch "$work/stop"
  for pid in "${clients[@]}"; do
    wait_status "$pid"
    [ "$status" -eq 0 ]
  done
  for i in 1 2 3; do
    [ ! -s "$work/err.$i" ]
    cmp "$work/in.$i" "$work/out.$i"
  done
  echo "$(cat "$work"/out.* | wc -l) queries while all was restarted" >&3
}

@test "TTIN adds a worker and TTOU removes one; every query is answered once, at its first try" {
  start_cluster 2
  start_load 4 16 kv 'select ?1 as n'
  local old more
  mapfile -t old < <(pids_of workers-{1,2})
  for more in 3 4; do
    kill -TTIN "$workers"
    wait_for eval "[ \"\$(shown_workers)\" -eq $more ]"
    [ "$(worker_pids | wc -l)" -eq "$more" ]
  done
  for more in 3 2; do
    kill -TTOU "$workers"
    wait_for eval "[ \"\$(shown_workers)\" -eq $more ]"
    wait_for eval "[ \"\$(worker_pids | wc -l)\" -eq $more ]"
  done
  # Those that were there first are there still.
  [ "$(worker_pids | sort)" = "$(printf '%s\n' "${old[@]}" | sort)" ]
  finish_load
  [ "$(loaded ok)" -ge 1000 ]
  [ "$(loaded ok)" -eq "$(loaded asked)" ]
  [ "$(loaded retried)" -eq 0 ]
}

@test "TERM drains a router under load: it answers what it holds, and refuses all else" {
  start_events
  start_router
  start_workers 2
  # 2 s of work are waiting all the time.
  start_load 4 50 test 'sleep 20'
  wait_for eval '[ "$(ask "SHOW what=queue" | grep -c queued)" -ge 100 ]'
  kill -TERM "$router"
  wait_status "$router"
  [ "$status" -eq 0 ]
  wait_status "$load"
  cat "$work/load.out" "$work/load.err" >&3
  [ "$status" -eq 0 ]
  local held
  wait_for event '^router.draining '
  held=$(sed -n 's/^router.draining .* requests=//p' "$work/events.out")
  [ "$held" -ge 100 ]
  [ "$(loaded ok)" -ge "$held" ]
  [ "$(loaded draining)" -ge 4 ]
  [ $(($(loaded ok) + $(loaded draining))) -eq "$(loaded asked)" ]
  # The workers have stayed, and serve the next one.
  start_router
  wait_for has_joined 2
  start_load 4 5 test 'sleep 20'
  sleep 0.5
  finish_load
  [ "$(loaded ok)" -eq "$(loaded asked)" ]
}

@test "TERM: what cannot be waited for is answered before the router would be killed" {
  start_events
  start router xodb-supervise --name router --grace 3 -- xodb-router
  router=$pid
  wait_for test -S "$XODB_RUN/events/router-1"
  start_workers 1
  ask 'QUERY db=test id=7 deadline=60000' 'patient 60000' >"$work/runs" 3>&- &
  note_started
  local runs=$pid
  wait_for eval 'ask "SHOW what=queue" | grep -q "running.*patient"'
  ask 'QUERY db=test id=8 deadline=60000' 'echo on' >"$work/waits" 3>&- &
  note_started
  local waits=$pid
  wait_for eval 'ask "SHOW what=queue" | grep -q "queued.*echo"'
  kill -TERM "$router"
  wait_status "$router"
  [ "$status" -eq 0 ]
  wait_status "$runs"
  wait_status "$waits"
  grep '^ERROR id=7 code=draining .*retry_ms=' "$work/runs"
  grep '^ERROR id=8 code=draining .*retry_ms=' "$work/waits"
  run -1 event '^worker.killed '
}
