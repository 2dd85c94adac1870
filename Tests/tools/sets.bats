#!/usr/bin/env bats
# Queries on several databases: their rows, what fails, and that nobody waits for anybody for ever.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # expanded later; each test is a process of its own

load helpers
load cluster
load scripts

setup() { set_up_scripts; }

teardown() { tear_down_scripts; }

start_cluster() { # [OPTION...]
  start.sh "$@" "$work/data" 3>&-
}

# Makes shard-001 and so on, each with as many rows as its number, or so many.
make_shards() { # N [ROWS]
  local n
  for n in $(seq -w "$1"); do
    sqlite3 "$work/data/shard-$n.db" "create table t(shard int, i integer primary key, x text);
      with recursive n(i) as (select 1 union all select i + 1 from n where i < ${2-$((10#$n))})
      insert into t select $((10#$n)), i, 'row ' || i from n"
  done
}

# What the shell says, database by database.
expect() { # SQL
  local file
  for file in "$work"/data/*.db; do sqlite3 -noheader "$file" "$1"; done
}

# Succeeds when no request is in flight, and no worker does anything.
is_idle() {
  [ -z "$(xodb-req --show queue -f tsv)" ] &&
    [ "$(xodb-req --show workers -f tsv | cut -f 5 | sort -u)" = idle ]
}

# A statement that takes about so many milliseconds, or ten times that.
busy() { # MS
  echo "with recursive n(i) as (select 1 union all select i + 1 from n where i < $1 * 4000) select max(i) from n"
}

# The pids of the workers that run something.
running() {
  xodb-req --show workers -f tsv | awk -F '\t' '$5 == "running" { print $3 }'
}

# Succeeds when a worker runs something; its pid is then in $victim.
is_running() {
  victim=$(running | head -n 1)
  [ -n "$victim" ]
}

@test "two hundred databases are right to the row, with one worker and with two" {
  make_shards 200
  expect 'select shard, i, x from t' | tr '|' '\t' >"$work/expected"
  start_cluster -w 1
  xodb-req -d 'shard-*' -f tsv 'select shard, i, x from t' | cmp - "$work/expected"
  kill -TTIN "$(pid_of_name workers)"
  wait_for has_workers 2
  for _ in 1 2 3; do
    xodb-req -d 'shard-*' -f tsv 'select shard, i, x from t' | cmp - "$work/expected"
  done
  [ "$(xodb-req -d 'shard-*' -f tsv 'select count(*) from t where i > ?1' 100 | awk '{ n += $1 } END { print n }')" -eq 5050 ]
  # The other one has had parts of it.
  [ "$(xodb-req --show workers -f tsv | awk -F '\t' '$8 > 20' | wc -l)" -eq 2 ]
}

has_workers() { # N
  [ "$(xodb-req --show workers -f tsv | wc -l)" -eq "$1" ]
}

@test "every format has one header, and the database's name when it is asked for" {
  make_shards 3
  start_cluster -w 2
  xodb-req -d 'shard-*' --db-column 'the db' -f csv 'select i from t where i < 3' | tr -d '\r' >"$work/out"
  printf 'the db,i\nshard-1,1\nshard-2,1\nshard-2,2\nshard-3,1\nshard-3,2\n' | cmp - "$work/out"
  xodb-req -d 'shard-3,shard-1' --db-column i 'select i from t where i = 1' >"$work/out"
  printf '{"i":"shard-3","i:2":1}\n{"i":"shard-1","i:2":1}\n' | cmp - "$work/out"
  xodb-req -d '*-2,shard-*' --db-column db -f tsv 'select max(i), null from t' >"$work/out"
  printf 'shard-2\t2\t\\N\nshard-1\t1\t\\N\nshard-3\t3\t\\N\n' | cmp - "$work/out"
  [ "$(xodb-req -d 'shard-*' -f table 'select i from t' | wc -l)" -eq 8 ]
  # Of one database too, whatever was asked for before.
  [ "$(xodb-req -d shard-1 --db-column db 'select 7 as x')" = '{"db":"shard-1","x":7}' ]
  [ "$(xodb-req -d shard-1 --db-column d 'select 7 as x')" = '{"d":"shard-1","x":7}' ]
  [ "$(xodb-req -d shard-1 'select 7 as x')" = '{"x":7}' ]
}

@test "with one worker, and with all workers busy with such queries, nobody waits for ever" {
  make_shards 30 5
  for workers in 1 3; do
    start_cluster -w "$workers"
    for _ in {1..40}; do echo "select sum(i) from t;"; done |
      timeout 60 xodb-req -d 'shard-*' -f tsv >"$work/out"
    [ "$(sort "$work/out" | uniq -c | tr -s ' ')" = " 1200 15" ]
    local i pids=()
    for i in {1..6}; do
      timeout 60 xodb-req -d 'shard-*' -f tsv "$(busy 3)" >"$work/out-$i" 3>&- &
      pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    for i in {1..6}; do [ "$(wc -l <"$work/out-$i")" -eq 30 ]; done
    wait_for is_idle
    stop.sh
  done
}

@test "a database that fails is named, and fails all or is left out" {
  make_shards 5
  sqlite3 "$work/data/shard-2.db" 'drop table t'
  start_cluster -w 2
  run --separate-stderr xodb-req -d 'shard-*' -f tsv 'select max(i) from t'
  [ "$status" -eq 65 ] && [ -z "$output" ] || [ "$output" = 1 ]
  [[ "$stderr" == "xodb-req: shard-*: shard-2: no such table: t"* ]]
  run --separate-stderr xodb-req -d 'shard-*' --skip-failed -f tsv 'select max(i) from t'
  [ "$status" -eq 65 ] && [ "$output" = $'1\n3\n4\n5' ]
  [ "$stderr" = "xodb-req: shard-*: shard-2: sql: no such table: t" ]
  run --separate-stderr xodb-req -d 'shard-1,nobody,shard-3' --skip-failed -f tsv 'select max(i) from t'
  [ "$status" -eq 66 ] && [ "$output" = $'1\n3' ] && [[ "$stderr" == *": nobody: no-such-database: "* ]]
  run --separate-stderr xodb-req -d 'shard-*' --skip-failed 'select x from nothing'
  [ "$status" -eq 65 ] && [ -z "$output" ] && [[ "$stderr" == *"; and 2 more" ]]
  # Those behind it run, and the status is that of the first.
  run --separate-stderr xodb-req -d 'shard-*' --skip-failed -f tsv <<<'select max(i) from t; select 7; delete from t;'
  [ "$status" -eq 65 ] && [ "$(wc -l <<<"$output")" -eq 9 ]
  [[ "$stderr" == *"line 1: shard-2: sql: no such table: t"* ]]
  run ask "QUERY db=\"shard-*\" id=1 skip-failed=yes format=tsv" 'select count(*) from t'
  [[ "${lines[0]}" == "OK id=1 rows=4 "*" databases=4 failed=1 code=sql why=\"shard-2: sql: no such table: t\"" ]]
}

@test "what names no databases, or cannot be asked of several, is refused" {
  make_shards 2
  start_cluster -w 2
  run --separate-stderr xodb-req -d 'nothing-*' 'select 1'
  [ "$status" -eq 66 ] && [[ "$stderr" == *"no database matches 'nothing-*'" ]]
  run --separate-stderr xodb-req -d 'shard-1,nobody' 'select 1'
  [ "$status" -eq 66 ] && [[ "$stderr" == *"nobody"* ]]
  run --separate-stderr xodb-req -d , 'select 1'
  [ "$status" -eq 66 ]
  run --separate-stderr xodb-req -d 'shard-*' --watch 'select 1'
  [ "$status" -eq 64 ] && [[ "$stderr" == *"--watch is for one database"* ]]
  run ask 'QUERY db=* id=1 if-version=x' 'select 1'
  [[ "${lines[0]}" == "ERROR id=1 code=bad-request message="*"version"* ]]
  run --separate-stderr xodb-req -d 'shard-*' --timeout 0.5 "$(busy 100000)"
  [ "$status" -eq 75 ]
  wait_for is_idle
  # A name that looks like several is one if there is such a file.
  sqlite3 "$work/data/shard-*.db" 'create table t(i); insert into t values(77)'
  wait_for named_so 'shard-*'
  [ "$(xodb-req -d 'shard-*' -f tsv 'select i from t')" = 77 ]
  # Also when nobody has told the router yet, or again.
  kill -KILL "$(pid_of_name router-1)"
  [ "$(xodb-req -d 'shard-*' -f tsv 'select i from t')" = 77 ]
  sqlite3 "$work/data/shard-1,shard-2.db" 'create table t(i); insert into t values(78)'
  wait_for named_so 'shard-1,shard-2'
  kill -KILL "$(pid_of_name router-1)"
  [ "$(xodb-req -d 'shard-1,shard-2' -f tsv 'select i from t')" = 78 ]
}

named_so() { # NAME
  xodb-req --databases -f tsv | cut -f 1 | grep -qxF -e "$1"
}

@test "other columns are refused where they have a header" {
  make_shards 2
  sqlite3 "$work/data/shard-2.db" 'alter table t rename column x to y'
  start_cluster -w 1
  run --separate-stderr xodb-req -d 'shard-*' -f csv 'select * from t'
  [ "$status" -eq 65 ] && [[ "$stderr" == *"shard-2: its columns are 'shard,i,y', those before it 'shard,i,x'"* ]]
  [ "$(xodb-req -d 'shard-*' 'select * from t' | wc -l)" -eq 3 ]
}

@test "what has just come or gone is seen" {
  make_shards 3
  start_cluster -w 2
  [ "$(xodb-req -d '*' -f tsv 'select 1' | wc -l)" -eq 3 ]
  cp "$work/data/shard-1.db" "$work/data/shard-9.db"
  [ "$(xodb-req -d '*' -f tsv 'select 1' | wc -l)" -eq 4 ]
  rm "$work/data/shard-1.db"
  [ "$(xodb-req -d '*' --db-column db -f tsv 'select 1' | head -n 1)" = $'shard-2\t1' ]
}

@test "a worker that is killed in the middle changes nothing" {
  make_shards 30 3
  start_cluster -w 3
  local victim
  for _ in 1 2 3; do
    timeout 60 xodb-req -d 'shard-*' --db-column db -f tsv "$(busy 200)" >"$work/out" 2>"$work/err" 3>&- &
    note_started
    wait_for is_running
    kill -KILL "$victim"
    wait_status "$pid"
    cat "$work/err"
    [ "$status" -eq 0 ]
    cut -f 1 "$work/out" | cmp - <(cd "$work/data" && printf '%s\n' *.db | sed 's/[.]db//')
    wait_for has_workers 3
  done
}

@test "results of any size stream in order and in bounded memory" {
  make_shards 12 3
  start_cluster -w 3
  # 8 MB of each, 96 MB together.
  local sql='with recursive n(i) as (select 1 union all select i + 1 from n where i < 80000)
    select shard, n.i, printf("%.90c", "x") from n, (select shard from t limit 1)'
  for n in {1..12}; do
    seq 80000 | awk -v n="$n" '{ printf "%d\t%d\t%s\n", n, $1, x }' x="$(printf 'x%.0s' {1..90})"
  done >"$work/expected"
  local before
  before=$(workers_peak)
  xodb-req -d 'shard-*' -f tsv "$sql" | cmp - "$work/expected"
  # A slow reader keeps nobody from the others.
  xodb-req -d 'shard-*' -f tsv "$sql" | {
    sleep 3
    cat
  } | cmp - "$work/expected" &
  note_started
  sleep 1
  [ "$(timeout 10 xodb-req -d shard-01 -f tsv 'select 7')" = 7 ]
  wait_status "$pid"
  [ "$status" -eq 0 ]
  [ "$(workers_peak)" -lt $((before + 60000)) ]
  [ "$(awk '/VmHWM/ { print $2 }' "/proc/$(pid_of_name router-1)/status")" -lt 150000 ]
  # In one message that is too much.
  run ask 'QUERY db="shard-*" id=1 format=tsv' "$sql"
  [[ "${lines[0]}" == "ERROR id=1 code=too-large "* ]]
}

# The most memory that a worker has had, in KiB.
workers_peak() {
  local pid
  for pid in $(xodb-req --show workers -f tsv | cut -f 3); do
    awk '/VmHWM/ { print $2 }' "/proc/$pid/status"
  done | sort -n | tail -n 1
}

@test "whoever has seen enough ends it all" {
  make_shards 20 3
  start_cluster -w 2
  local endless='with recursive n(i) as (select 1 union all select i + 1 from n) select i from n'
  [ "$(xodb-req -d 'shard-*' -f tsv "$endless" | head -n 2 | tail -n 1)" = 2 ]
  wait_for is_idle
  [ "$(xodb-req -d 'shard-*' -f tsv "$endless limit 1" | wc -l)" -eq 20 ]
}

@test "who looks at the queue sees the id that the client chose" {
  make_shards 2 3
  start_cluster -w 2
  start client ask "QUERY db=shard-* id=mine" "$(busy 10000)"
  wait_for eval '[ "$(xodb-req --show queue -f json | jq -r .id | sort -u)" = mine ]'
}

@test "workers with different databases run a query on all of them" {
  make_shards 6
  mkdir "$work/a" "$work/b" "$work/c"
  mv "$work"/data/shard-[123].db "$work/a"
  mv "$work"/data/shard-[45].db "$work/b"
  mv "$work"/data/shard-6.db "$work/c"
  start_router
  local pool i pids=()
  for pool in a b c; do
    start "workers-$pool" xodb-supervise --name "workers-$pool" -n 1 -- xodb-worker --data "$work/$pool"
  done
  wait_for has_workers 3
  for i in {1..8}; do
    timeout 60 xodb-req -d 'shard-*' -f tsv 'select max(i) from t' >"$work/out-$i" 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  for i in {1..8}; do seq 6 | cmp - "$work/out-$i"; done
  [ "$(xodb-req -d 'shard-5,shard-1' -f tsv 'select max(i) from t')" = $'5\n1' ]
  run --separate-stderr xodb-req -d 'shard-5,nobody' --skip-failed -f tsv 'select max(i) from t'
  [ "$status" -eq 66 ] && [ "$output" = 5 ]
}

@test "what only peers have is part of it, and nobody waits for ever" {
  make_shards 30 5
  mkdir "$work/a" "$work/b"
  local file n=0
  for file in "$work"/data/*.db; do
    n=$((n + 1))
    if [ $((n % 2)) -eq 0 ]; then mv "$file" "$work/a"; else mv "$file" "$work/b"; fi
  done
  # One worker each, and each needs the other one's.
  start a xodb-node --data "$work/a" --threads 1 --serve --bind "ipc://$work/a.sock" --peer "ipc://$work/b.sock"
  start b xodb-node --data "$work/b" --threads 1 --serve --bind "ipc://$work/b.sock" --peer "ipc://$work/a.sock"
  wait_for know_each_other
  local i pids=()
  for i in {1..10}; do
    local to=$work/a.sock
    [ $((i % 2)) -eq 0 ] || to=$work/b.sock
    echo "$(busy 3); select shard, i, hex(zeroblob(30000)) from t;" |
      timeout 60 xodb-req --router "ipc://$to" -d 'shard-*' -f tsv >"$work/out-$i" 3>&- &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i"; done
  for i in {1..10}; do
    [ "$(wc -l <"$work/out-$i")" -eq 180 ]
    tail -n 150 "$work/out-$i" | cut -f 1 | cmp - <(for n in {1..30}; do for _ in {1..5}; do echo "$n"; done; done)
  done
}

know_each_other() {
  local side
  for side in a b; do
    [ "$(xodb-req --router "ipc://$work/$side.sock" --databases -f tsv 2>/dev/null | wc -l)" -eq 30 ] || return 1
  done
}

read_sets() { # --in-order|--held N DB SQL
  /usr/bin/python3 "$BATS_TEST_DIRNAME/read_sets.py" "$@"
}

@test "whoever reads one large result after the other gets the first one, whatever is behind it" {
  make_shards 4 30000
  start_cluster -w 1
  read_sets --in-order 2 'shard-*' 'select x, x, x from t' >"$work/out"
  [ "$(head -n 1 "$work/out" | grep -c '^OK id=0 rows=120000 ')" -eq 1 ]
  # More than there are workers: what keeps them from the first one is broken off.
  read_sets --in-order 12 'shard-*' 'select x, x, x from t' >"$work/out"
  [ "$(grep -c '^OK id=0 rows=120000 ' "$work/out")" -eq 1 ]
  [ "$(grep -cv '^OK \|^ERROR .*code=aborted message="its reader took nothing for ' "$work/out")" -eq 0 ]
  wait_for is_idle
}

nothing_waits() {
  ! xodb-req --show queue -f tsv | grep -q $'\tqueued\t'
}

@test "rows of tens of megabytes that nobody takes do not fill the router's memory" {
  local n
  for n in 1 2; do
    sqlite3 "$work/data/huge-$n.db" "create table t(x); insert into t values(hex(zeroblob(20000000)))"
  done
  start_cluster -w 2
  mkfifo "$work/end"
  read_sets --held 40 'huge-*' 'select x from t' <"$work/end" >"$work/out" 3>&- &
  note_started
  exec 5>"$work/end"
  wait_for filled "$work/out"
  # A worker may wait for the reader.
  wait_for nothing_waits
  # The 40 rows of 40 MB are more than twice that.
  [ "$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$(pid_of_name router-1)/status")" -lt 700000 ]
  exec 5>&-
  wait_for is_idle
}
