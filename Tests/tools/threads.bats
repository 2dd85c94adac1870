#!/usr/bin/env bats
# Workers that are threads of a process.
# shellcheck disable=SC2154 # variables come from the helpers

load helpers
load cluster

setup() {
  set_up_run
  data=$work/data
  mkdir "$data"
  sqlite3 "$data/kv.db" "create table kv(id integer primary key, name);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000)
    insert into kv select i, 'name ' || i from n"
}

teardown() {
  tear_down_run
}

slow='with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select count(*) as n from n'

# Starts processes with so many threads each, and waits until all are there.
start_threads() { # PROCESSES THREADS [OPTION...]
  start_router
  start workers xodb-supervise --name workers -n "$1" -- xodb-worker --data "$data" --threads "$2" "${@:3}"
  workers=$pid
  wait_for knows_threads $(($1 * $2))
}

knows_threads() { # N
  [ "$(xodb-req --show workers -f tsv | wc -l)" -eq "$1" ]
}

@test "each thread of a process is a worker, and signals reach all of them" {
  start_threads 2 3
  start_events
  run -0 xodb-req --show workers -f tsv
  [[ $output == *$'workers-1.1\t'*$'workers-2.3\t'* ]]
  sed "s/.*/$slow;/" <(seq 12) >"$work/queries"
  xodb-req -d kv -f tsv --stats <"$work/queries" >"$work/rows" 2>"$work/stats" 3>&- &
  note_started
  client=$pid
  wait_for filled "$work/rows"
  kill -HUP "$workers"
  wait_status "$client"
  [ "$status" -eq 0 ]
  [ "$(grep -c '^1000000$' "$work/rows")" -eq 12 ]
  wait_for event '^supervisor.restarted '
  # None had to be run twice: each process has ended what it ran.
  run -1 event '^request.retried '
  kill "$workers"
  wait_status "$workers"
  [ "$status" -eq 0 ]
}

@test "a process that dies costs its threads' queries one retry" {
  start_threads 2 2
  sed "s/.*/$slow;/" <(seq 8) >"$work/queries"
  xodb-req -d kv -f tsv <"$work/queries" >"$work/rows" 3>&- &
  note_started
  client=$pid
  wait_for filled "$work/rows"
  kill -KILL "$(worker_pids | head -n 1)"
  wait_status "$client"
  [ "$status" -eq 0 ]
  [ "$(grep -c '^1000000$' "$work/rows")" -eq 8 ]
  wait_for knows_threads 4
}

@test "only the query that a process has died of is given up" {
  gcc -shared -fPIC -o "$work/poison.so" "$BATS_TEST_DIRNAME/../poison/poison.c"
  start_threads 2 2 --extension "$work/poison.so"
  sed "s/.*/$slow;/" <(seq 12) >"$work/queries"
  xodb-req -d kv -f tsv <"$work/queries" >"$work/rows" 3>&- &
  note_started
  client=$pid
  wait_for filled "$work/rows"
  run -70 xodb-req -d kv 'select poison_crash(1)'
  [[ $output == *"3 workers died while they ran it"* ]]
  wait_status "$client"
  [ "$status" -eq 0 ]
  [ "$(grep -c '^1000000$' "$work/rows")" -eq 12 ]
}

@test "a thread that cannot be interrupted is written off, and its process lives on" {
  start_threads 1 2
  process=$(worker_pids)
  run -75 xodb-req -d kv --timeout 0.5 "select instr(zeroblob(1200000), zeroblob(600000) || x'01')"
  wait_for knows_threads 2
  [ "$(xodb-req -d kv -f tsv 'select 7')" = 7 ]
  xodb-req --show workers -f tsv | grep -q $'^workers-1\\.3\t'
  [ "$(worker_pids)" = "$process" ]
}
