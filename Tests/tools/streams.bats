#!/usr/bin/env bats
# Results of any size through a whole cluster: whole, in order, in bounded memory, and what breaks them.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # expanded later; each test is a process of its own

load helpers
load cluster
load scripts

setup() {
  set_up_scripts
  sqlite3 "$work/data/kv.db" 'create table kv(id integer primary key, name text)'
}

teardown() { tear_down_scripts; }

start_cluster() { # [OPTION...]
  start.sh "$@" "$work/data" 3>&-
}

# A statement that counts, and how far.
numbers() { # N [COLUMN]
  echo "with recursive n(i) as (select 1 union all select i + 1 from n where i < $1) select ${2:-i} from n"
}

# Succeeds when no request is in flight.
is_idle() {
  [ -z "$(xodb-req --show queue -f tsv)" ]
}

# The most memory that a process has had, in KiB.
peak() { # PID
  awk '/VmHWM/ { print $2 }' "/proc/$1/status"
}

@test "large results arrive whole in every format, with one header" {
  start_cluster -w 2
  xodb-req -d kv -f tsv "$(numbers 300000)" | cmp - <(seq 300000)
  xodb-req -d kv -f csv "$(numbers 300000)" | tr -d '\r' | cmp - <(echo i && seq 300000)
  xodb-req -d kv -f json "$(numbers 300000)" | cmp - <(seq -f '{"i":%.0f}' 300000)
  [ "$(xodb-req -d kv -f table "$(numbers 100000)" | wc -l)" -eq 100002 ]
}

@test "large and small results keep their order, and none its place when that does not matter" {
  start_cluster -w 2
  for n in {1..12}; do
    numbers $((n % 3 * 60000 + 1)) "$n" | sed 's/$/;/'
    seq $((n % 3 * 60000 + 1)) | sed "s/.*/$n/" >>"$work/expected"
  done >"$work/in"
  xodb-req -d kv -f tsv <"$work/in" | cmp - "$work/expected"
  xodb-req -d kv -f tsv --unordered --stats <"$work/in" >"$work/out" 2>"$work/stats"
  cmp <(sort -n "$work/out") "$work/expected"
  # Rows of one result stand together.
  [ "$(uniq "$work/out" | wc -l)" -eq 12 ]
  grep -E '^stats queries=12 ok=12 rows=[0-9]+ ' "$work/stats"
}

@test "head ends the statement" {
  start_cluster -w 2
  for _ in {1..5}; do
    [ "$(xodb-req -d kv -f tsv "$(numbers 1000000000)" | head -n 3 | paste -sd ' ')" = "1 2 3" ]
  done
  wait_for is_idle
}

@test "an interrupt in the middle of a result ends the statement" {
  start_cluster -w 1
  run -130 timeout --foreground --preserve-status -s INT 1 env --default-signal=INT \
    xodb-req -d kv -f tsv "$(numbers 1000000000)" >"$work/out"
  wait_for is_idle
}

@test "what is larger than any memory needs none" {
  start_cluster -w 1
  xodb-req -d kv -f tsv --timeout 300 "$(numbers 100000000 "'a row of some fifty bytes, of which there are many', i")" \
    > >(
      head -c 300000000 >"$work/out"
      # Until it was measured.
      wait_for test -e "$work/go"
    ) 3>&- &
  client=$!
  started+=("$client")
  wait_for gone_over "$work/out" 250000000
  for process in "$client" "$(pid_of_name router-1)" "$(worker_pids "$(pid_of_name workers)")"; do
    [ "$(peak "$process")" -lt 65536 ]
  done
  touch "$work/go"
  wait_for is_idle
}

gone_over() { # FILE BYTES
  [ "$(stat -c %s "$1")" -gt "$2" ]
}

@test "a reader that does not read gives way when others wait, and is told" {
  start_cluster -w 1
  xodb-req -d kv -f tsv --timeout 60 "$(numbers 1000000000)" 2>"$work/err" 3>&- > >(
    read -r
    echo "$REPLY" >"$work/first"
    wait_for test -e "$work/go"
    cat >/dev/null
  ) &
  client=$!
  started+=("$client")
  wait_for filled "$work/first"
  start=$SECONDS
  run -0 xodb-req -d kv -f tsv 'select 7'
  [ "$output" = 7 ]
  [ $((SECONDS - start)) -le 10 ]
  touch "$work/go"
  wait_status "$client"
  [ "$status" -eq 70 ]
  [ -s "$work/err" ]
}

@test "a worker that dies in the middle of a result breaks that off, and nothing else" {
  start_cluster -w 1
  {
    numbers 1000000000
    echo '; select 7'
  } |
    xodb-req -d kv -f tsv --timeout 60 2>"$work/err" 3>&- >"$work/out" &
  client=$!
  started+=("$client")
  wait_for gone_over "$work/out" 1000000
  kill -KILL "$(worker_pids "$(pid_of_name workers)")"
  wait_status "$client"
  [ "$status" -eq 70 ]
  grep -E '^xodb-req: line 1: ' "$work/err"
  # Whole rows, none twice, and the other answer behind them.
  [ "$(tail -n 1 "$work/out")" -eq 7 ]
  head -n -1 "$work/out" | cmp - <(seq "$(($(wc -l <"$work/out") - 1))")
}

@test "a router that dies in the middle of a result breaks that off, and nothing else" {
  start_cluster -w 1
  {
    numbers 1000000000
    echo '; select 7'
  } |
    xodb-req -d kv -f tsv --timeout 60 2>"$work/err" 3>&- >"$work/out" &
  client=$!
  started+=("$client")
  wait_for gone_over "$work/out" 1000000
  kill -KILL "$(pid_of_name router-1)"
  wait_status "$client"
  [ "$status" -eq 70 ]
  grep -x 'xodb-req: line 1: the connection to the router was lost in the middle of the result' "$work/err"
  [ "$(tail -n 1 "$work/out")" -eq 7 ]
  head -n -1 "$work/out" | cmp - <(seq "$(($(wc -l <"$work/out") - 1))")
}

@test "a result that does not end in its time is broken off" {
  start_cluster -w 1
  run --separate-stderr -75 bash -c "xodb-req -d kv -f tsv --timeout 1 '$(numbers 1000000000)' | tail -n 1
    exit \${PIPESTATUS[0]}"
  [ -n "$stderr" ]
  wait_for is_idle
}

@test "a REQ client takes a result chunk by chunk" {
  start_cluster -w 1
  /usr/bin/python3 - "$(numbers 200000)" >"$work/out" <<'END'
import os, sys, zmq
router = zmq.Context.instance().socket(zmq.REQ)
router.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
def stream(db, sql):
    frames = [f"QUERY db={db} id=1 credit=1 format=tsv".encode(), sql.encode()]
    while True:
        router.send_multipart(frames)
        line, rows = router.recv_multipart()
        if line.startswith(b"ERROR"): raise RuntimeError(line.decode())
        yield rows
        if line.startswith(b"OK"): return
        frames = [b"NEXT id=1"]
for rows in stream("kv", sys.argv[1]): sys.stdout.write(rows.decode())
router.send_multipart([b"NEXT id=1"])
assert b"code=aborted" in router.recv_multipart()[0]
END
  cmp "$work/out" <(seq 200000)
}

# Asks for a result chunk by chunk, and does what is said between the first and the second.
read_slowly() { # SQL COMMAND...
  /usr/bin/python3 - "$@" <<'END'
import os, subprocess, sys, zmq
router = zmq.Context.instance().socket(zmq.DEALER)
router.connect(f"ipc://{os.environ['XODB_RUN']}/clients")
router.send_multipart([b"", b"QUERY db=kv id=1 credit=1 format=tsv", sys.argv[1].encode()])
line = router.recv_multipart()[1]
assert line.startswith(b"MORE"), line
subprocess.run(sys.argv[2:], check=True)
while line.startswith(b"MORE"):
    # Unless it is over: what dies when it has been asked to go on counts.
    if not router.poll(1000):
        router.send_multipart([b"", b"CREDIT id=1 credit=1"])
    line = router.recv_multipart()[1]
print(line.decode())
END
}

# Succeeds when the request in flight, and its worker, stand so.
stands() { # STATE
  [ "$(xodb-req --show queue -f tsv | cut -f 4)" = "$1" ] &&
    [ "$(xodb-req --show workers -f tsv | cut -f 5)" = "$1" ]
}

# Succeeds when a worker is there again.
stands_by() {
  [ "$(xodb-req --show workers -f tsv | cut -f 5)" = idle ]
}

@test "the time that a reader takes is none of the statement's" {
  start_cluster -w 1
  export -f stands
  run -0 read_slowly "$(numbers 100000)" bash -c "sleep 2; stands 'waiting for its reader'"
  [[ $output == 'OK id=1 rows=100000 '* ]]
  [[ $output =~ run_us=([0-9]+) ]]
  [ "${BASH_REMATCH[1]}" -lt 2000000 ]
}

@test "a worker that is killed while it waits for a reader is not on its statement's account" {
  start_cluster -w 1 -R '--tries 1'
  export -f stands
  for _ in 1 2; do
    # It does not wait yet when the first chunk is there.
    run -0 read_slowly "$(numbers 1000000000)" bash -c "until stands 'waiting for its reader'; do sleep 0.02; done
      kill -KILL $(worker_pids "$(pid_of_name workers)")"
    [[ $output == *' code=aborted '* ]]
    wait_for stands_by
  done
  [ -z "$(xodb-req --show quarantine -f tsv)" ]
}
