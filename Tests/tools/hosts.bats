#!/usr/bin/env bats
# A cluster on several hosts, each a network namespace of its own: workers that serve a router over tcp,
# and links that are cut. Where namespaces are not allowed the tests say so, and are skipped.
# shellcheck disable=SC2154 # variables of the helpers

load helpers
load cluster
load hosts

setup() {
  set_up_run
  # shellcheck disable=SC2034 # also when none could be made
  hosts=()
}

teardown() {
  tear_down_hosts
  tear_down_run
}

queries=tcp://10.77.0.1:13579

# A router on host a, which follows supervisors on host b.
start_router_on_a() {
  start_on a events xodb-events
  wait_for watches "$pid"
  start_on a router xodb-supervise --name router -- xodb-router --bind tcp://0.0.0.0:13579 \
    --workers tcp://0.0.0.0:13580 --follow tcp://10.77.0.2:13590 --trust-network "$@"
  wait_for test -S "$XODB_RUN/a/events/router-1"
}

# Supervised workers on host a, which find their router in the run directory.
start_workers_on_a() { # N COMMAND...
  local n=$1
  shift
  start_on a near xodb-supervise --name near -n "$n" -- "$@"
  wait_for has_workers near "$n"
}

# Supervised workers on host b, which are told one address of their router.
start_workers_on_b() { # N COMMAND...
  local n=$1
  shift
  start_on b far xodb-supervise --name far -n "$n" --bind tcp://0.0.0.0:13590 --trust-network -- \
    "$@" --router tcp://10.77.0.1:13580
  wait_for has_workers far "$n"
}

# Asks from host c.
request() { # OPTION...
  on c xodb-req --router "$queries" "$@"
}

# Succeeds when the router has so many workers of a supervisor.
has_workers() { # SUPERVISOR N
  [ "$(on a xodb-req --show workers -f tsv 2>/dev/null | grep -c "^$1-")" -eq "$2" ]
}

# Succeeds when so many workers of a supervisor do this.
are() { # SUPERVISOR N STATE
  [ "$(on a xodb-req --show workers -f tsv 2>/dev/null | grep -c "^$1-.*$3")" -eq "$2" ]
}

# Waits for what should take a moment, and fails when it has taken longer than that.
within() { # SECONDS COMMAND...
  local limit=$1 start=${EPOCHREALTIME/./}
  shift
  wait_for "$@"
  local milliseconds=$(((${EPOCHREALTIME/./} - start) / 1000))
  echo "$milliseconds ms: $*"
  [ "$milliseconds" -lt $((limit * 1000)) ]
}

endless='with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n'

make_data() { # HOST...
  local host
  for host in "$@"; do
    mkdir "$work/$host"
    sqlite3 "$work/$host/data.db" "create table t(k integer primary key, v text);
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000)
      insert into t select i, 'value ' || i from n"
  done
}

@test "workers on another host are told one address, and cancels and deadlines reach them" {
  set_up_hosts a b c
  make_data b
  start_router_on_a
  start_workers_on_b 2 xodb-worker --data "$work/b"
  run -0 request -d data -f tsv 'select v from t where k = ?1' 17
  [ "$output" = 'value 17' ]
  run -0 request -d data -f csv 'select * from t'
  [ "${#lines[@]}" -eq 1001 ]
  run -75 request -d data --timeout 0.3 "$endless"
  within 2 are far 2 idle

  start_on c endless xodb-req --router "$queries" -d data "$endless"
  wait_for are far 1 running
  kill -KILL "$pid"
  within 2 are far 2 idle
  # The workers are the same as before.
  [ "$(grep -c '^router.joined' "$work/events.out")" -eq 2 ]
}

@test "everything on a host is killed under load: complete, and in order" {
  set_up_hosts a b c
  make_data a b
  start_router_on_a
  start_workers_on_a 2 xodb-worker --data "$work/a"
  start_workers_on_b 2 xodb-worker --data "$work/b"
  seq 30000 | awk '{ print $1 % 1000 + 1 }' >"$work/in"
  awk '{ print $1 "\tvalue " $1 }' "$work/in" >"$work/expected"
  # What has come through tells how far it is.
  mkfifo "$work/pipe"
  exec 7<>"$work/pipe"
  XODB_RUN=$XODB_RUN/c ip netns exec "$net-c" xodb-req --router "$queries" -d data -f tsv --each \
    'select k, v from t where k = ?1' <"$work/pipe" >"$work/out" 3>&- 7>&- &
  note_started
  local load=$pid
  head -n 10000 "$work/in" >&7
  wait_for has_printed 5000
  kill_host b &
  tail -n +10001 "$work/in" >&7
  exec 7>&-
  wait_status "$load"
  [ "$status" -eq 0 ]
  cmp "$work/expected" "$work/out"
  within 6 has_workers far 0
  start_workers_on_b 2 xodb-worker --data "$work/b"
}

has_printed() { # LINES
  [ "$(wc -l <"$work/out")" -ge "$1" ]
}

@test "a host is cut off: others answer what it held, and when it is back it serves" {
  set_up_hosts a b c
  start_router_on_a
  start_workers_on_b 2 xodb-test-worker
  start_on c first xodb-req --router "$queries" -d test -f tsv "until $work/go"
  local first=$pid second
  start_on c second xodb-req --router "$queries" -d test -f tsv "until $work/go"
  second=$pid
  wait_for are far 2 running
  start_workers_on_a 2 xodb-test-worker
  cut b
  within 8 are near 2 running
  wait_for event '^router.lost .*name=far-.*its supervisor is silent'
  # Until both sides have given up the connections.
  sleep 4
  heal b
  # They run no more what was given to others.
  within 6 are far 2 idle
  touch "$work/go"
  wait_status "$first"
  [ "$status" -eq 0 ]
  wait_status "$second"
  [ "$status" -eq 0 ]
  # Nobody dies of a cut cable.
  run -0 on a xodb-req --show stats -f tsv
  [ "$(awk -F '\t' '$1 == "workers.died" { print $4 }' <<<"$output")" -eq 0 ]
}

@test "a host is cut off for a moment: nothing is lost" {
  set_up_hosts a b c
  make_data b
  start_router_on_a
  start_workers_on_b 2 xodb-worker --data "$work/b"
  for _ in 1 2; do
    cut b
    sleep 1
    heal b
    run -0 request -d data -f tsv 'select v from t where k = 1'
    [ "$output" = 'value 1' ]
    # All that was lost on the way is sent again until then.
    sleep 2
  done
  [ "$(grep -c '^router.lost' "$work/events.out")" -eq 0 ]
}

@test "the router is killed, and restarted: workers on other hosts come back" {
  set_up_hosts a b c
  make_data b
  start_router_on_a
  start_workers_on_b 2 xodb-worker --data "$work/b"
  start_on c endless xodb-req --router "$queries" -d data --tries 1 "$endless"
  wait_for are far 1 running
  kill -KILL "$(sed -n 2p "$XODB_RUN/a/locks/router-1")"
  wait_status "$pid"
  [ "$status" -ne 0 ]
  within 6 are far 2 idle
  run -0 request -d data -f tsv 'select v from t where k = 1'
  kill -HUP "$(sed -n 2p "$XODB_RUN/a/locks/router")"
  wait_for grep -q ^supervisor.restarted "$work/events.out"
  within 6 are far 2 idle
  # None of them had to end for that.
  [ "$(on b xodb-req --router "$queries" --show workers -f tsv | awk '/^far-/ { print $1 }' | sort -u | wc -l)" -eq 2 ]
}

@test "a worker that somebody starts by hand on another host is served too, until its host is silent" {
  set_up_hosts a b c
  start_router_on_a
  start_on b hand xodb-test-worker --router tcp://10.77.0.1:13580
  wait_for has_workers worker 1
  run -0 on a xodb-req --show workers -f tsv
  [[ $output == "worker-"*"@$(hostname)"* ]]
  start_on c held xodb-req --router "$queries" -d test -f tsv "until $work/go"
  local held=$pid
  wait_for are worker 1 running
  start_workers_on_a 1 xodb-test-worker
  cut b
  within 12 are near 1 running
  heal b
  within 6 are worker 1 idle
  touch "$work/go"
  wait_status "$held"
  [ "$status" -eq 0 ]
}

@test "supervisors of one name on two hosts: one of them is refused, and that is said" {
  set_up_hosts a b c
  start_router_on_a --follow tcp://10.77.0.3:13590
  start_workers_on_b 1 xodb-test-worker
  start_on c same xodb-supervise --name far --bind tcp://0.0.0.0:13590 --trust-network -- \
    xodb-test-worker --router tcp://10.77.0.1:13580
  WAIT_SECONDS=20 wait_for grep -q '^router.rejected .*from=supervisor name=far' "$work/events.out"
  run -0 request -d test -f tsv "sleep 0"
}

@test "addresses that other hosts can reach need a flag that says what it risks" {
  run -77 xodb-router --bind tcp://0.0.0.0:1
  [[ $output == *'without --trust-network' ]]
  run -77 xodb-router --workers tcp://10.77.0.1:13580
  run -77 xodb-supervise --name s --bind 'tcp://*:13590' -- true
  run -77 xodb-node --data /tmp --bind tcp://10.77.0.1:13580 --serve
  run -64 xodb-router --trust-network --workers tcp://0.0.0.0:65535
  [[ $output == *'a port that has a next one' ]]
  run -64 xodb-router --workers 'tcp://127.0.0.1:*'
  run -64 xodb-router --follow 10.77.0.1:13590
  run -64 xodb-worker --data /tmp --router ipc:///tmp/x
  run -64 xodb-worker --data /tmp --router tcp://host:0
}
