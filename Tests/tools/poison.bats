#!/usr/bin/env bats
# No query can hurt another one.
# shellcheck disable=SC2154 # variables come from the helpers

load helpers
load cluster

setup() {
  set_up_run
  cc -shared -fPIC -O2 -o "$work/poison.so" "$BATS_TEST_DIRNAME/../poison/poison.c"
  mkdir "$work/data"
  sqlite3 "$work/data/app.db" "create table item(id integer primary key, name text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
    insert into item select i, 'name ' || i from n"
}

teardown() {
  tear_down_run
}

@test "eight clients do not notice what a ninth one sends" {
  start_router
  start workers xodb-supervise --name workers -n 4 -- \
    xodb-worker --data "$work/data" --extension "$work/poison.so"
  workers=$pid
  wait_for has_joined 4
  run /usr/bin/python3 -B "$BATS_TEST_DIRNAME/../chaos/poison.py" "$workers" "$RANDOM"
  echo "$output" >&3
  [ "$status" -eq 0 ]
}
