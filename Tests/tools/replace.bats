#!/usr/bin/env bats
# Databases that others write to, replace and lock, under clients that check every answer.
# shellcheck disable=SC2154 # variables come from the helpers

load helpers
load cluster

setup() {
  set_up_run
  data=$work/data
  mkdir "$data"
  start_router
}
teardown() { tear_down_run; }

# Starts two workers on $data and waits until they are there.
start_databases() {
  start first xodb-worker --data "$data"
  first=$pid
  start second xodb-worker --data "$data"
  second=$pid
  wait_for has_both
}

has_both() {
  [ "$(xodb-req --databases -f tsv | cut -f 2 | sort -u)" = 2 ]
}

observe() { # WHAT SECONDS
  run /usr/bin/python3 "$BATS_TEST_DIRNAME/observe.py" "$1" d "$data/d.db" "$2" "$first" "$second"
  echo "$output"
  [ "$status" -eq 0 ]
  alive "$first" && alive "$second"
}

# The number behind a word of the output.
number() { # WORD
  sed -n "s/.*\<$1 \([0-9]*\).*/\1/p" <<<"$output"
}

query() { # SQL [KEY=VALUE...]
  local sql=$1
  shift
  ask "QUERY db=d format=tsv${*:+ $*}" "$sql"
}

@test "a file that replaces another is read whole, and at once" {
  sqlite3 "$data/d.db" 'create table t(g, x); insert into t values (1, 1)'
  start_databases
  observe replace 5
  [ "$(number replaced)" -gt 20 ]
  [ "$(number logged)" -gt 0 ]
  [ "$(number read)" -gt 200 ]
}

@test "what another process writes is seen whole and at once, with a log" {
  sqlite3 "$data/d.db" 'pragma journal_mode = wal; create table t(id integer primary key, x); insert into t values (1, 500), (2, 500), (3, 0)'
  start_databases
  observe transfer 3
  [ "$(number written)" -gt 50 ]
  [ "$(number read)" -gt 100 ]
}

@test "what another process writes is seen whole and at once, with a rollback journal" {
  sqlite3 "$data/d.db" 'create table t(id integer primary key, x); insert into t values (1, 500), (2, 500), (3, 0)'
  start_databases
  observe transfer 3
  [ "$(number written)" -gt 50 ]
  [ "$(number read)" -gt 100 ]
}

@test "a file beside which the log of the one before stands is refused, until that is gone" {
  sqlite3 "$data/d.db" 'pragma journal_mode = wal; create table t(x); insert into t values (1)'
  # A writer that has the database open: its log stays.
  hold_open 'insert into t values (2);'
  start_databases
  [ "$(query 'select sum(x) from t' | tail -n 1)" = 3 ]
  sqlite3 "$work/new" 'pragma journal_mode = wal; create table t(x); insert into t values (7)'
  mv "$work/new" "$data/d.db"
  for _ in 1 2 3 4; do
    run query 'select sum(x) from t'
    [[ ${lines[0]} == "ERROR code=sql message=\"'d' cannot be opened: the file was replaced, and the old one's '-wal' with content stands beside it\""* ]]
  done
  kill "$holder"
  wait_status "$holder"
  rm "$data/d.db-wal" "$data/d.db-shm"
  for _ in 1 2 3 4; do
    run query 'select sum(x) from t'
    [ "${lines[1]}" = 7 ]
  done
}

@test "a file whose log has the index of the one before waits until that is gone" {
  sqlite3 "$data/d.db" 'pragma journal_mode = wal; create table t(x); insert into t values (1)'
  hold_open 'insert into t select zeroblob(100000); pragma wal_checkpoint(truncate);'
  start_databases
  for _ in 1 2; do [ "$(query 'select count(*) from t' | tail -n 1)" = 2 ]; done
  sqlite3 "$work/new" 'pragma journal_mode = wal; create table t(x); insert into t values (7)'
  mv "$work/new" "$data/d.db"
  for _ in 1 2; do
    run query 'select x from t' deadline=1500
    [[ ${lines[0]} == "ERROR code=deadline message=\"the deadline is over: the file was replaced, and somebody still has the old one's '-shm' open\""* ]]
  done
  kill "$holder"
  for _ in 1 2 3 4; do
    run query 'select x from t'
    [ "${lines[1]}" = 7 ]
  done
}

@test "a backup that was copied over the file when its log was removed is what everybody reads, and what is written then" {
  sqlite3 "$data/d.db" 'pragma journal_mode = wal; create table t(x); insert into t values (1)'
  cp "$data/d.db" "$work/backup"
  start_databases
  query 'select sum(x) from t'
  query 'select sum(x) from t'
  # The workers have the database open: the log stays.
  sqlite3 "$data/d.db" 'insert into t values (2)'
  for _ in 1 2 3 4; do [ "$(query 'select sum(x) from t' | tail -n 1)" = 3 ]; done
  rm "$data/d.db-wal" "$data/d.db-shm"
  cp "$work/backup" "$data/d.db"
  for _ in 1 2 3 4; do [ "$(query 'select sum(x) from t' | tail -n 1)" = 1 ]; done
  sqlite3 "$data/d.db" 'insert into t values (4)'
  for _ in 1 2 3 4; do [ "$(query 'select sum(x) from t' | tail -n 1)" = 5 ]; done
}

# Runs SQL in a process that then keeps the database open, until $holder is ended.
hold_open() { # SQL
  rm -f "$work/held"
  /usr/bin/python3 -c '
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.executescript(sys.argv[2])
open(sys.argv[3], "w").write("held\n")
time.sleep(60)
' "$data/d.db" "$1" "$work/held" >"$work/holder.out" 2>&1 3>&- &
  note_started
  holder=$pid
  wait_for filled "$work/held"
}

@test "a lock is waited for, at most until the deadline, and then named" {
  sqlite3 "$data/d.db" 'create table t(x); insert into t values (1)'
  start_databases
  [ "$(query 'select x from t' | tail -n 1)" = 1 ]
  hold_open 'pragma locking_mode = exclusive; begin exclusive; update t set x = 2; commit;'
  run query 'select x from t' deadline=1500
  [[ ${lines[0]} == 'ERROR code=deadline message="the deadline is over: database is locked"'* ]]
  alive "$holder"
  start waits query 'select x from t' deadline=9000
  wait_for eval 'xodb-req --show queue | grep -q running'
  kill "$holder"
  wait_status "$pid"
  [ "$status" -eq 0 ]
  [[ $(head -n 1 "$work/waits.out") == OK* ]]
  [ "$(sed -n 2p "$work/waits.out")" = 2 ]
}

@test "a writer with a log is not waited for" {
  sqlite3 "$data/d.db" 'pragma journal_mode = wal; create table t(x); insert into t values (1)'
  start_databases
  hold_open 'begin exclusive; update t set x = 2;'
  run query 'select x from t' deadline=9000
  [[ ${lines[0]} == OK* ]]
  [ "${lines[1]}" = 1 ]
  alive "$holder"
}
