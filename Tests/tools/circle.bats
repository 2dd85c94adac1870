#!/usr/bin/env bats
# Nodes and a router on three hosts, each the peer of the others, and links that are cut. Where network
# namespaces are not allowed the tests say so, and are skipped.
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

endpoint=tcp://0.0.0.0:13579
peers=(--peer tcp://10.77.0.1:13579 --peer tcp://10.77.0.2:13579 --peer tcp://10.77.0.3:13579)

# Some hundredths of a second of work, which is told from others by a number.
slow='select ?1, (with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) select count(*) from n)'

# Nodes on hosts a and b, a router with workers on host c, in a full circle; each knows itself, too.
set_up_circle() {
  local host
  set_up_hosts a b c
  for host in a b c; do
    mkdir "$work/$host"
    sqlite3 "$work/$host/data.db" 'create table t(x)'
    sqlite3 "$work/$host/only-$host.db" "create table t(x); insert into t values ('$host')"
  done
  start_member a
  start_member b
  start_member c
  for host in a b c; do wait_for sees "$host" 3; done
}

start_member() { # HOST
  if [ "$1" = c ]; then
    start_on c router-c xodb-supervise --name router -- \
      xodb-router --bind "$endpoint" --trust-network "${peers[@]}"
    start_on c workers-c xodb-supervise --name workers -n 2 -- xodb-worker --data "$work/c"
  else
    start_on "$1" "node-$1" xodb-node --data "$work/$1" --threads 2 --bind "$endpoint" --trust-network \
      --serve "${peers[@]}"
  fi
}

# Asks a host's broker, from that host.
request() { # HOST OPTION...
  on "$1" xodb-req --router tcp://127.0.0.1:13579 "${@:2}"
}

# Succeeds when a host's broker has workers, and so many peers, itself counted.
sees() { # HOST PEERS
  [ "$(request "$1" --show workers -f tsv 2>/dev/null | wc -l)" -eq 2 ] &&
    [ "$(request "$1" --show peers -f tsv 2>/dev/null | awk -F '\t' '$2 != "\\N"' | wc -l)" -eq "$2" ]
}

# How many queries the workers of a host have answered.
answered() { # HOST
  request "$1" --show workers | jq -s 'map(.answered) | add'
}

# Succeeds when a host has answered more than that.
answers_more() { # HOST NUMBER
  [ "$(answered "$1")" -gt "$2" ]
}

# Sends numbered queries to host a, as many as there is time for until `finish_load`.
start_load() {
  mkfifo "$work/load"
  exec 7<>"$work/load"
  XODB_RUN=$XODB_RUN/a ip netns exec "$net-a" xodb-req --router tcp://127.0.0.1:13579 -d data -f tsv --each "$slow" \
    <"$work/load" >"$work/rows" 2>"$work/load.err" 3>&- 7>&- &
  note_started
  load=$pid
  sent=0
}

send_load() { # N
  seq $((sent + 1)) $((sent + $1)) >&7
  sent=$((sent + $1))
}

# Succeeds when so many were answered.
is_through() { # N
  [ "$(wc -l <"$work/rows")" -ge "$1" ]
}

finish_load() {
  exec 7>&-
  wait_status "$load"
  cat "$work/load.err"
  [ "$status" -eq 0 ]
  seq "$sent" | sed 's/$/\t100000/' | cmp - "$work/rows"
}

@test "work that is offered to one of three hosts spreads over all of them" {
  set_up_circle
  for host in a b c; do
    for other in a b c; do [ "$(request "$host" -d "only-$other" -f tsv 'select x from t')" = "$other" ]; done
  done
  before=$(($(answered a) + $(answered b) + $(answered c)))
  seq 300 | request a -d data -f tsv --each "$slow" >"$work/rows"
  seq 300 | sed 's/$/\t100000/' | cmp - "$work/rows"
  [ $(($(answered a) + $(answered b) + $(answered c) - before)) -eq 300 ]
  for host in a b c; do
    echo "# $host: $(answered "$host")" >&3
    [ "$(answered "$host")" -ge 60 ]
  done
}

@test "a link that is cut under load loses nothing, and is used again within 3 s when it is healed" {
  set_up_circle
  start_load
  for host in b c; do
    send_load 100
    wait_for is_through $((sent - 60))
    cut "$host"
    send_load 100
    wait_for is_through "$sent"
    run -66 request a --timeout 20 -d "only-$host" 'select x from t'
    send_load 100
    heal "$host"
    healed=${EPOCHREALTIME/./}
    wait_for sees a 3
    milliseconds=$(((${EPOCHREALTIME/./} - healed) / 1000))
    echo "# the link to $host is used again after $milliseconds ms" >&3
    [ "$milliseconds" -lt 3000 ]
    wait_for sees "$host" 3
    before=$(answered "$host")
    send_load 100
    wait_for answers_more "$host" "$before"
  done
  finish_load
}

@test "a host that is killed under load loses nothing, and its successor is used" {
  set_up_circle
  start_load
  for host in b c; do
    send_load 100
    wait_for is_through $((sent - 60))
    kill_host "$host"
    send_load 100
    wait_for is_through "$sent"
    # Whoever has the pipe open keeps the load from its end.
    start_member "$host" 7>&-
    wait_for sees a 3
    wait_for sees "$host" 3
    send_load 100
    wait_for answers_more "$host" 0
  done
  finish_load
}

@test "large results and cancellations cross hosts" {
  set_up_circle
  rows='with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select i from n'
  [ "$(request a -d only-b -f tsv "$rows" | md5sum)" = "$(seq 1000000 | md5sum)" ]
  [ "$(request b -d only-c -f tsv "$rows" | md5sum)" = "$(seq 1000000 | md5sum)" ]
  start_on a endless xodb-req --router tcp://127.0.0.1:13579 -d only-c "${rows/ where i < 1000000/}"
  wait_for filled "$work/endless.out"
  kill -KILL "$pid"
  wait_for is_idle c
  # A result whose host is lost in its middle is broken off.
  start_on a broken xodb-req --router tcp://127.0.0.1:13579 -d only-b "${rows/ where i < 1000000/}"
  wait_for filled "$work/broken.out"
  cut b
  wait_status "$pid"
  [ "$status" -eq 70 ]
  grep -q 'the peer that had it was lost' "$work/broken.err"
}

is_idle() { # HOST
  [ "$(request "$1" --show workers | jq -r .state | grep -c idle)" -eq 2 ]
}
