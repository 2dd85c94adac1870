#!/usr/bin/env bats
# Routers and nodes that hand requests to each other.
# shellcheck disable=SC2154,SC2030,SC2031 # variables are set by helpers; each test is a process of its own

load helpers
load cluster

setup() {
  set_up_run
  for name in a b c; do
    mkdir "$work/$name"
    sqlite3 "$work/$name/kv.db" "create table kv(id integer primary key, name);
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000)
      insert into kv select i, 'name ' || i from n"
    sqlite3 "$work/$name/only-$name.db" "create table t(x); insert into t values ('$name')"
  done
}

teardown() {
  tear_down_run
}

# Some tenths of a second of work.
slow='with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select count(*) as n from n'

# Starts a node with others as peers; its pid is then in $a, $b or $c.
start_node() { # NAME PEER...
  local name=$1 peer peers=()
  shift
  for peer; do peers+=(--peer "ipc://$XODB_RUN/$peer"); done
  start "$name" xodb-node --data "$work/$name" --threads 2 --bind "ipc://$XODB_RUN/$name" --serve "${peers[@]}"
  declare -g "$name=$pid"
  wait_for test -S "$XODB_RUN/$name"
}

start_circle() {
  start_node a a b c
  start_node b a b c
  start_node c a b c
  for name in a b c; do wait_for knows_peers "$name" 3; done
}

req() { # NAME ARG...
  local name=$1
  shift
  xodb-req --router "ipc://$XODB_RUN/$name" "$@"
}

# Asks node a for rows, and kills node b when the first have come: the client must not notice.
lose_b() { # INPUT [OPTION...]
  local input=$1 client
  shift
  req a -d kv -f tsv "$@" <"$input" >"$work/rows" 3>&- &
  note_started
  client=$pid
  wait_for filled "$work/rows"
  kill -KILL "$b"
  wait_status "$client"
  [ "$status" -eq 0 ]
}

knows_peers() { # NAME N
  [ "$(req "$1" --show peers -f tsv | awk -F '\t' '$2 != "\\N"' | wc -l)" -eq "$2" ]
}

# How many queries the workers of a node have answered.
answered() { # NAME
  req "$1" --show workers | jq -s 'map(.answered) | add'
}

@test "a database that only a peer has can be queried, and is listed" {
  start_circle
  for name in a b c; do
    for other in a b c; do
      [ "$(req "$name" -d "only-$other" -f tsv 'select x from t')" = "$other" ]
    done
  done
  req a --databases -f tsv >"$work/list"
  printf 'kv\t2\t\\N\t2\nonly-a\t2\t\\N\t0\nonly-b\t0\t\\N\t1\nonly-c\t0\t\\N\t1\n' | cmp - "$work/list"
  run -66 req a -d none 'select 1'
  # What comes there later, comes to be known here.
  sqlite3 "$work/b/new.db" 'create table t(x); insert into t values (7)'
  req b -d new 'select x from t'
  wait_for eval "xodb-req --router 'ipc://$XODB_RUN/a' -d new 'select x from t' 2>/dev/null"
}

@test "streams, errors, deadlines and cancellations pass through" {
  start_circle
  rows=$(req a -d only-b -f tsv 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 500000) select i from n' | md5sum)
  [ "$rows" = "$(seq 500000 | md5sum)" ]
  run -65 req a -d only-b 'selec'
  [[ $output == *'near "selec": syntax error'* ]]
  run -77 req a -d only-b 'delete from t'
  run -75 req a -d only-b --timeout 0.5 "${slow/ where i < 1000000/}"
  # What nobody reads any more, nobody runs any more.
  set +o pipefail
  [ "$(req a -d only-b -f tsv "${slow/ where i < 1000000) select count(\*) as n/) select i}" | head -n 1)" = 1 ]
  wait_for eval "! xodb-req --router 'ipc://$XODB_RUN/b' --show queue | grep -q ."
  run -0 req a -d kv -f tsv --each 'select name from kv where id = ?1' < <(seq 1000)
  [ "${lines[999]}" = 'name 1000' ]
}

@test "what one has no time for, the others do" {
  start_circle
  for _ in {1..30}; do echo "$slow;"; done >"$work/queries"
  req a -d kv -f tsv <"$work/queries" >"$work/rows"
  [ "$(grep -c '^1000000$' "$work/rows")" -eq 30 ]
  for name in a b c; do
    echo "# $name: $(answered "$name") of 30" >&3
    [ "$(answered "$name")" -ge 6 ]
  done
}

@test "a peer that is killed under load costs nobody an answer, and is used again when it is back" {
  start_circle
  for i in {1..60}; do echo "select $i, n from (${slow/1000000/400000});"; done >"$work/queries"
  lose_b "$work/queries"
  for i in {1..60}; do printf '%d\t400000\n' "$i"; done | cmp - "$work/rows"
  run -66 req a --timeout 20 -d only-b 'select x from t'
  start_node b a b c
  wait_for knows_peers a 3
  [ "$(req a -d only-b -f tsv 'select x from t')" = b ]
}

@test "a stream of lookups is shared, and a peer that is killed in the middle costs nobody an answer" {
  start_circle
  seq 0 199999 >"$work/values"
  awk '{ printf "%d\tname %d\n", $1, $1 % 1000 + 1 }' "$work/values" >"$work/expected"
  lose_b "$work/values" --each 'select ?1, name from kv where id = ?1 % 1000 + 1'
  cmp "$work/expected" "$work/rows"
  [ "$(answered c)" -gt 0 ]
}

@test "a peer that stands still is not waited for" {
  start_circle
  kill -STOP "$b"
  for i in {1..12}; do echo "$slow;"; done >"$work/queries"
  req a -d kv -f tsv <"$work/queries" >"$work/rows"
  [ "$(grep -c '^1000000$' "$work/rows")" -eq 12 ]
  kill -CONT "$b"
  wait_for knows_peers a 3
  [ "$(req a -d only-b -f tsv 'select x from t')" = b ]
}

@test "an answer that takes long to come from a peer costs it nothing else" {
  start b xodb-node --data "$work/b" --threads 2 --bind 'tcp://127.0.0.1:*' --serve
  local port
  wait_for tcp_ports "$pid"
  port=$(tcp_ports "$pid")
  # 20 MiB take 2.5 s, in which nothing else comes from there.
  start slow /usr/bin/python3 "$BATS_TEST_DIRNAME/slow.py" "$port" 8000000
  wait_for filled "$work/slow.out"
  start a xodb-node --data "$work/a" --threads 2 --bind "ipc://$XODB_RUN/a" --serve \
    --peer "tcp://127.0.0.1:$(<"$work/slow.out")"
  wait_for knows_peers a 1
  run -0 ask --endpoint "ipc://$XODB_RUN/a" 'QUERY db=only-b format=tsv' 'select hex(zeroblob(10485760))'
  [[ ${lines[0]} == "OK rows=1 tries=1 "* ]]
  [ "${#lines[1]}" -eq 20971520 ]
}

# The tcp ports that a process listens on; fails while there are none.
tcp_ports() { # PID
  ss -Hltnp | awk -v pid="pid=$1," 'index($0, pid) { sub(/.*:/, "", $4); print $4 }' | grep .
}

@test "a peer that is another kind of socket is none, and harms nobody" {
  local kind peers=()
  for kind in PUB XPUB PULL PUSH PAIR REP; do
    start "$kind" /usr/bin/python3 -c 'import sys, time, zmq
socket = zmq.Context().socket(getattr(zmq, sys.argv[1]))
print(socket.bind_to_random_port("tcp://127.0.0.1"), flush=True)
time.sleep(60)' "$kind"
    wait_for filled "$work/$kind.out"
    peers+=(--peer "tcp://127.0.0.1:$(<"$work/$kind.out")")
  done
  start a xodb-node --data "$work/a" --threads 2 --bind "ipc://$XODB_RUN/a" --serve "${peers[@]}"
  # Each was asked, given up and connected to again.
  sleep 4
  alive "$pid"
  [ ! -s "$work/a.err" ]
  run -0 req a -d only-a -f tsv 'select x from t'
  [ "$output" = a ]
  run -66 req a -d only-b 'select x from t'
}

@test "a request goes no way twice, and no way without end" {
  start_node a b
  start_node b a
  wait_for knows_peers a 1
  wait_for knows_peers b 1
  # Nobody has it; nobody asks the other for ever.
  run -66 req a -d none 'select 1'
  run -0 ask --endpoint "ipc://$XODB_RUN/a" 'QUERY db=kv way=1,2,3,4,5,6,7,8,9' 'select 1'
  [[ ${lines[0]} == 'ERROR code=bad-request '* ]]
  broker=$(req a --show peers | jq -r .broker)
  # It came from there, and is only there: whoever has sent it is told so at once.
  run -0 ask --endpoint "ipc://$XODB_RUN/a" "QUERY db=only-b deadline=1500 way=$broker" 'select x from t'
  [[ ${lines[0]} == 'ERROR code=no-such-database '* ]]
}

@test "routers of clusters are each other's peers" {
  for name in a b; do
    mkdir -m 700 "$XODB_RUN/run-$name"
    other=$([ "$name" = a ] && echo b || echo a)
    run_directory=XODB_RUN=$XODB_RUN/run-$name
    start "router-$name" env "$run_directory" xodb-router --peer "ipc://$XODB_RUN/run-$other/clients"
    start "workers-$name" env "$run_directory" \
      xodb-supervise --name workers -n 2 -- xodb-worker --data "$work/$name"
  done
  req() { # NAME ARG...
    xodb-req --router "ipc://$XODB_RUN/run-$1/clients" "${@:2}"
  }
  wait_for knows_peers a 1
  wait_for eval "xodb-req --router 'ipc://$XODB_RUN/run-a/clients' -d only-b 'select x from t' 2>/dev/null"
  [ "$(req b -d only-a -f tsv 'select x from t')" = a ]
}

@test "what a peer has is waited for while its router is restarted" {
  start_node a b
  local there=XODB_RUN=$XODB_RUN/there
  mkdir -m 700 "$XODB_RUN/there"
  start router env "$there" xodb-supervise --name router -- xodb-router --bind "ipc://$XODB_RUN/b"
  local router=$pid
  start workers env "$there" xodb-supervise --name workers -n 2 -- xodb-worker --data "$work/b"
  wait_for eval "xodb-req --router 'ipc://$XODB_RUN/a' -d only-b 'select x from t' 2>/dev/null"
  for _ in 1 2 3; do
    kill -KILL "$(pgrep -P "$router" -x xodb-router)"
    for _ in $(seq 30); do
      [ "$(req a -d 'only-*' -f tsv 'select x from t')" = $'a\nb' ]
      sleep 0.01
    done
    sleep 1
  done
}
