#!/usr/bin/env bats
# A cluster as the threads of one process.
# shellcheck disable=SC2154,SC2030,SC2031 # variables are set by helpers; each test is a process of its own

load helpers
load cluster

setup() {
  set_up_run
  data=$work/data
  mkdir "$data"
  sqlite3 "$data/kv.db" "create table kv(id integer primary key, name);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
    insert into kv select i, 'name ' || i from n"
  node=(xodb-node --data "$data")
}

teardown() {
  tear_down_run
}

# Without an end, and without a return to SQLite for some seconds.
endless='with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'
stuck="select instr(zeroblob(1200000), zeroblob(600000) || x'01')"

# Starts a node that serves at an ipc endpoint of its own.
start_node() { # NAME [OPTION...]
  local name=$1
  shift
  start "$name" "${node[@]}" --bind "ipc://$XODB_RUN/$name" --serve "$@"
  wait_for test -S "$XODB_RUN/$name"
}

# Succeeds when a process has so many threads.
has_threads() { # PID N
  [ "$(find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l)" -eq "$2" ]
}

# Succeeds when a process listens at a tcp port, which is then in $port.
listens() { # PID
  port=$(ss -Hltnp | awk -v pid="pid=$1," 'index($0, pid) { sub(/.*:/, "", $4); print $4 }')
  [ -n "$port" ]
}

knows_kv() { [[ $(xodb-req --databases 2>/dev/null) == *kv* ]]; }

runs_something() { # ENDPOINT
  xodb-req --router "$1" --show queue | grep -q running
}

req() { # NAME ARG...
  local name=$1
  shift
  xodb-req --router "ipc://$XODB_RUN/$name" "$@"
}

@test "queries from a pipe run without any other process, and leave nothing behind" {
  before=$(find "$data" | sort)
  export XODB_RUN=$XODB_RUN/none
  printf 'select 1 as a;\nselect count(*) as n from kv;\n' | "${node[@]}" -d kv >"$work/out"
  printf '{"a":1}\n{"n":10000}\n' | cmp - "$work/out"
  [ ! -e "$XODB_RUN" ]
  [ "$(find "$data" | sort)" = "$before" ]
}

@test "it prints what xodb-req prints, and ends as that does" {
  start_router
  start workers xodb-supervise --name workers -n 2 -- xodb-worker --data "$data"
  wait_for knows_kv
  seq 20000 | sed 's/$/\t&/' >"$work/values"
  sed 's/.*/select * from kv where id = &;/; 7s/.*/selec;/' <(seq 100) >"$work/statements"
  compare() { # INPUT ARG...
    local input=$1 tool status
    shift
    for tool in req node; do
      status=0
      if [ "$tool" = req ]; then
        xodb-req "$@" <"$input" >"$work/req.rows" 2>"$work/req.errors" || status=$?
      else
        "${node[@]}" "$@" <"$input" >"$work/node.rows" 2>"$work/node.errors" || status=$?
      fi
      echo "$status" >>"$work/$tool.rows"
    done
    cmp "$work/req.rows" "$work/node.rows"
    diff <(sed 's/^xodb-req: //' "$work/req.errors") <(sed 's/^xodb-node: //' "$work/node.errors")
  }
  compare /dev/null -d kv -f csv 'select * from kv'
  compare /dev/null -d kv -f table 'select * from kv limit 20'
  compare /dev/null -d kv 'select ?1 as a, ?2 as b' 1 02134
  compare /dev/null -d none 'select 1'
  compare /dev/null -d kv --timeout 0.3 "$endless"
  compare /dev/null -d kv 'delete from kv'
  compare "$work/statements" -d kv
  compare "$work/values" -d kv -f tsv --each 'select ?2, name from kv where id = ?1'
  compare /dev/null -d kv -f csv 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000)
    select * from n'
  sort "$work/values" >"$work/sorted"
  compare "$work/sorted" -d kv -f tsv --each 'select 2 * ?2' --unordered || true
  run -64 "${node[@]}" -d kv --format xml 'select 1'
  run -64 xodb-node -d kv 'select 1'
  [[ ${lines[0]} == "xodb-node: which databases? "* ]]
  run -65 "${node[@]}" -d kv 'select 1' -5 -f csv
  [ "${lines[1]}" = "xodb-node: '-f' behind the SQL is a value; options stand before it" ]
  run -64 "${node[@]}" --serve
  run -64 "${node[@]}" --io-threads 0 --bind 'tcp://127.0.0.1:*' --serve
  run -66 xodb-node --data "$work/none" --threads 4 -d kv 'select 1'
  [ "${#lines[@]}" -eq 1 ]
  [ "${lines[0]}" = "xodb-node: open $work/none: No such file or directory" ]
}

@test "a closed pipe ends it, however much is to come" {
  set +o pipefail
  "${node[@]}" -d kv -f csv "${endless/count(\*)/i}" | head -n 2 >"$work/out"
  [ "${PIPESTATUS[0]}" -eq 141 ]
  [ "$(tr -d '\r' <"$work/out")" = $'i\n1' ]
}

@test "nobody can reach it from outside, and it has no thread but the roles'" {
  start node "${node[@]}" --threads 3 -d kv "$endless"
  # The client, the broker, three workers and their listeners, and what libzmq needs for its reaper.
  wait_for has_threads "$pid" 9
  run -0 ss -lxtnp
  [[ $output != *"pid=$pid,"* ]]
  kill "$pid"
  wait_status "$pid"
  [ "$status" -eq 143 ]
}

@test "with --bind its broker can be reached, and with --serve it stays until it is told to end" {
  start node "${node[@]}" --threads 2 --bind 'tcp://127.0.0.1:*' --serve
  wait_for listens "$pid"
  [ "$(ss -Hlxtnp | grep -c "pid=$pid,")" -eq 1 ]
  run -0 xodb-req --router "tcp://127.0.0.1:$port" -d kv -f tsv 'select name from kv where id = 7'
  [ "${lines[0]}" = 'name 7' ]
  run -0 ask --endpoint "tcp://127.0.0.1:$port" 'QUERY db=kv format=tsv' 'select 1 as one'
  [ "${lines[1]}" = 1 ]
  # What it holds is answered.
  xodb-req --router "tcp://127.0.0.1:$port" -d kv -f tsv \
    'with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000000) select count(*) from n' \
    >"$work/held" 3>&- &
  note_started
  held=$pid
  wait_for runs_something "tcp://127.0.0.1:$port"
  kill "${started[0]}"
  wait_status "${started[0]}"
  [ "$status" -eq 0 ]
  wait_status "$held"
  [ "$status" -eq 0 ]
  [ "$(tail -n 1 "$work/held")" = 10000000 ]
}

@test "without --serve it ends with its own queries, when others have their answers" {
  mkfifo "$work/input"
  exec 7<>"$work/input"
  "${node[@]}" --bind "ipc://$XODB_RUN/n" -d kv <"$work/input" >"$work/own.out" 3>&- 7>&- &
  note_started
  own=$pid
  wait_for test -S "$XODB_RUN/n"
  xodb-req --router "ipc://$XODB_RUN/n" -d kv -f tsv \
    'with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000000) select count(*) from n' \
    >"$work/held" 3>&- 7>&- &
  note_started
  held=$pid
  wait_for runs_something "ipc://$XODB_RUN/n"
  echo 'select 1;' >&7
  exec 7>&-
  wait_status "$own"
  [ "$status" -eq 0 ]
  [ "$(cat "$work/own.out")" = '{"1":1}' ]
  wait_status "$held"
  [ "$status" -eq 0 ]
  [ "$(cat "$work/held")" = 10000000 ]
  [ ! -e "$XODB_RUN/n" ]
}

@test "databases that come, change and go are seen" {
  start_node n
  run -66 req n -d new 'select 1'
  sqlite3 "$data/new.db" 'create table t(x); insert into t values (1)'
  [ "$(req n -d new -f tsv 'select x from t' | tail -n 1)" = 1 ]
  start watch req n -d new -f tsv --watch 'select sum(x) from t'
  wait_for grep -q '^1$' "$work/watch.out"
  sqlite3 "$data/new.db" 'insert into t values (41)'
  wait_for grep -q '^42$' "$work/watch.out"
  rm "$data/new.db"
  run -66 req n -d new 'select 1'
}

@test "a thread that cannot be interrupted is written off, and another one takes its place" {
  start_node n --threads 1
  node_pid=$pid
  threads=$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)
  run -75 req n -d kv --timeout 0.5 "$stuck"
  [[ $output == *"its worker could not stop it at its deadline"* ]]
  # It still runs, and its successor answers.
  [ "$(req n -d kv -f tsv 'select 7' | tail -n 1)" = 7 ]
  grep -q '^xodb-node: run job [0-9]*: 500 ms after its deadline it could not be interrupted$' "$work/n.err"
  alive "$node_pid"
  # When it comes back, it ends.
  WAIT_SECONDS=120 wait_for has_threads "$node_pid" "$threads"
  [ "$(req n -d kv -f tsv 'select 8' | tail -n 1)" = 8 ]
}

@test "when more threads are stuck than there should be, it ends" {
  longer="select instr(zeroblob(6000000), zeroblob(3000000) || x'01')"
  start_node n --threads 1
  node_pid=$pid
  run -75 req n -d kv --timeout 1 "$longer"
  [ "$(req n -d kv -f tsv 'select 7' | tail -n 1)" = 7 ]
  run req n -d kv --timeout 1 --tries 1 "$longer"
  [ "$status" -ne 0 ]
  wait_status "$node_pid"
  [ "$status" -eq 79 ]
}

@test "it starts in little more time than xodb-req" {
  start_node n
  read -r _ req < <(/usr/bin/python3 "$BATS_TEST_DIRNAME/timing.py" 31 \
    xodb-req --router "ipc://$XODB_RUN/n" -d kv 'select 1')
  read -r _ node < <(/usr/bin/python3 "$BATS_TEST_DIRNAME/timing.py" 31 "${node[@]}" -d kv 'select 1')
  echo "# xodb-req $req ms, xodb-node $node ms (medians)" >&3
  awk -v a="$req" -v b="$node" 'BEGIN { exit !(b - a < 50) }'
}

@test "a node whose output cannot be written says so and ends" {
  fails_to_write timeout 20 "${node[@]}" -d kv 'select 1'
  fails_to_write timeout 20 "${node[@]}" --bind "ipc://$XODB_RUN/node" -d kv 'select 1'
  [ ! -e "$XODB_RUN/node" ]
}

fails_to_write() { # COMMAND...
  status=0
  "$@" 3>&- >/dev/full 2>"$work/err" || status=$?
  [ "$status" -eq 74 ]
  [ "$(cat "$work/err")" = 'xodb-node: write standard output: No space left on device' ]
}

@test "results that wait behind a slow one keep nothing from being answered" {
  {
    echo "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select count(*), '' from n;"
    for i in {1..100}; do echo "select $i, hex(zeroblob(60000));"; done
  } >"$work/queries.sql"
  "${node[@]}" -d kv -f tsv --timeout 20 <"$work/queries.sql" >"$work/rows"
  [ "$(cut -f 1 "$work/rows" | grep -v '[^0-9]')" = "$(echo 1000000 && seq 100)" ]
}

@test "a reachable node whose reader has gone answers others, and ends" {
  endpoint=ipc://$XODB_RUN/node
  mkfifo "$work/pipe"
  "${node[@]}" --bind "$endpoint" --timeout 1000 -d kv "${endless/count(\*)/i}" >"$work/pipe" 2>"$work/err" 3>&- &
  note_started
  node_pid=$pid
  exec 4<"$work/pipe"
  wait_for test -S "$XODB_RUN/node"
  start other xodb-req --router "$endpoint" -d kv 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000000) select count(*) as n from n'
  wait_for eval "xodb-req --router '$endpoint' --show queue | grep -q '10000000.*running\|running.*10000000'"
  exec 4<&-
  wait_status "$pid"
  [ "$status" -eq 0 ]
  [ "$(cat "$work/other.out")" = '{"n":10000000}' ]
  wait_status "$node_pid"
  [ "$status" -eq 74 ]
  [ "$(cat "$work/err")" = 'xodb-node: write standard output: Broken pipe' ]
  [ ! -e "$XODB_RUN/node" ]
}

# Succeeds when a node takes nothing new any more.
drains() { # NAME
  status=0
  req "$1" --tries 1 -d kv 'select 1' >/dev/null 2>"$work/refused" || status=$?
  [ "$status" -eq 75 ] && grep -q 'about to end' "$work/refused"
}

# Starts a node with a stream of 500,000 rows, of which descriptor 4 reads none yet, and has it drain.
drain_stream() {
  mkfifo "$work/pipe"
  "${node[@]}" --bind "ipc://$XODB_RUN/n" -d kv -f tsv 'with recursive n(i) as (select 1 union all
    select i + 1 from n where i < 500000) select i from n' >"$work/pipe" 2>"$work/err" 3>&- &
  note_started
  node_pid=$pid
  exec 4<"$work/pipe"
  wait_for test -S "$XODB_RUN/n"
  # It runs until nobody takes what it has sent.
  wait_for eval "req n --show queue | grep -q 500000"
  kill "$node_pid"
  wait_for drains n
}

@test "a reachable node that is told to end prints the result that it is in" {
  drain_stream
  [ "$(cksum <&4)" = "$(seq 500000 | cksum)" ]
  wait_status "$node_pid"
  [ "$status" -eq 0 ]
  [ ! -s "$work/err" ]
  [ ! -e "$XODB_RUN/n" ]
}

@test "a second signal ends a reachable node whose output nobody reads" {
  drain_stream
  alive "$node_pid"
  kill "$node_pid"
  wait_status "$node_pid"
  exec 4<&-
  [ "$status" -eq 75 ]
  [ "$(cat "$work/err")" = 'xodb-node: print results: the end came before all were printed' ]
  [ ! -e "$XODB_RUN/n" ]
}

@test "a reachable node that is told to end says which of its own queries it has not answered" {
  seq 10000000 >"$work/values"
  for options in '' --serve '--tries 1'; do
    rm -f "$work/own.out"
    # shellcheck disable=SC2086 # to be split
    "${node[@]}" --bind "ipc://$XODB_RUN/n" $options -d kv -f tsv --each 'select ?1' \
      <"$work/values" >"$work/own.out" 2>"$work/own.err" 3>&- &
    note_started
    wait_for test -s "$work/own.out"
    kill "$pid"
    wait_status "$pid"
    [ "$status" -eq 75 ]
    printed=$(wc -l <"$work/own.out")
    cmp "$work/own.out" <(seq "$printed")
    [ "$(cat "$work/own.err")" = "xodb-node: run queries: told to end before all were answered; \
the first result that is not printed is that of line $((printed + 1))" ]
  done
  # Of what has not come, nobody knows the line.
  rm "$work/own.out"
  mkfifo "$work/input"
  exec 7<>"$work/input"
  "${node[@]}" --bind "ipc://$XODB_RUN/n" -d kv -f tsv <"$work/input" >"$work/own.out" 2>"$work/own.err" 3>&- 7>&- &
  note_started
  printf 'select 1;\n\n' >&7
  wait_for test -s "$work/own.out"
  kill "$pid"
  wait_status "$pid"
  exec 7>&-
  [ "$status" -eq 75 ]
  [ "$(cat "$work/own.out")" = 1 ]
  [ "$(cat "$work/own.err")" = 'xodb-node: run queries: told to end before all were answered' ]
}

@test "an endpoint that is no file is refused" {
  for endpoint in ipc:// 'ipc://*' ipc://@name; do
    run -64 --separate-stderr "${node[@]}" --bind "$endpoint" -d kv 'select 1'
    # shellcheck disable=SC2154 # bats sets it
    [ "$stderr" = "xodb-node: bind $endpoint: ipc:// is followed by the path of a socket" ]
  done
}

# The first statements are answered so fast that thousands of the others are under way when whoever reads
# pauses: far more comes then than a router keeps.
@test "a reader that pauses gets all there is" {
  local options
  { seq -f 'select %.0f;' 50000 && yes 'select hex(zeroblob(100000));' | head -n 1500; } >"$work/in"
  for options in "" --unordered; do
    # shellcheck disable=SC2086 # to be split
    xodb-node --data "$data" -d kv -f tsv --threads 2 $options <"$work/in" 2>"$work/err" |
      /usr/bin/python3 -c '
import os, time
size = lines = 0
while part := os.read(0, 65536):
    if size < 280_000 <= size + len(part):
        time.sleep(0.7)
    size += len(part)
    lines += part.count(b"\n")
print(size, lines)' >"$work/read"
    [ ! -s "$work/err" ]
    [ "$(<"$work/read")" = "$((288894 + 1500 * 200001)) 51500" ]
  done
}
