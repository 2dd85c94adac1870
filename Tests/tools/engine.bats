#!/usr/bin/env bats
# What the worker's engine does on real files: extensions, memory, limits.
# shellcheck disable=SC2016,SC2154 # expanded later; variables come from the helpers

load helpers
load cluster

setup() {
  set_up_run
  data=$work/data
  mkdir "$data"
  sqlite3 "$data/v.db" 'create table v(x); insert into v values (1), (2), (3)'
}
teardown() { tear_down_run; }

# Starts a router and a worker on $data, and waits until the worker is there.
start_cluster() { # [WORKER OPTION...]
  start_router
  start worker xodb-worker --data "$data" "$@"
  wait_for listed
}

listed() { xodb-req --databases -f tsv | grep -q '^v'; }

req() { xodb-req -d v -f tsv "$@"; }

# Compiles a library of the tests; prints its path.
library() { # SOURCE
  local file=$work/${1%.c}.so
  cc -shared -fPIC -o "$file" "$BATS_TEST_DIRNAME/../poison/$1"
  echo "$file"
}

@test "an extension's functions are there for every query, and nothing else is" {
  poison=$(library poison.c)
  start_cluster --extension "$poison"
  run -0 req 'select poison_good(x) from v order by 1'
  [ "$output" = $'1\n2\n3' ]
  sqlite3 "$data/w.db" "create table w(x); insert into w values ('later')"
  run -0 xodb-req -d w -f tsv 'select poison_good(x) from w'
  [ "$output" = later ]
  run -77 req 'select load_extension(?1)' "$poison"
  [[ $output == *"load_extension() is not allowed" ]]
  # What has not been declared harmless runs in queries, not in a database's views.
  sqlite3 "$data/w.db" 'create view good as select poison_good(x) from w'
  run -65 xodb-req -d w 'select * from good'
  [[ $output == *"unsafe use of poison_good()"* ]]
}

@test "an extension is found by a relative path" {
  library poison.c
  start_router
  start worker sh -c 'cd "$1" && exec xodb-worker --data data --extension poison.so' - "$work"
  wait_for listed
  run -0 req 'select poison_good(5)'
  [ "$output" = 5 ]
}

@test "an extension that cannot be loaded keeps the worker from starting, with the reason" {
  run -66 xodb-worker --data "$data" --extension "$work/missing.so"
  [ "$output" = "xodb-worker: open $work/missing.so: cannot open shared object file: No such file or directory" ]
  echo 'no library' >"$work/text.so"
  run -66 xodb-worker --data "$data" --extension "$work/text.so"
  [ "$output" = "xodb-worker: open $work/text.so: file too short" ] || [[ $output == *"invalid ELF header" ]]
  echo 'int nothing;' >"$work/nothing.c"
  cc -shared -fPIC -o "$work/nothing.so" "$work/nothing.c"
  run -66 xodb-worker --data "$data" --extension "$work/nothing.so"
  [[ $output == "xodb-worker: open $work/nothing.so: "*"undefined symbol: sqlite3_nothing_init" ]]
  cat >"$work/refuse.c" <<'END'
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1
int sqlite3_refuse_init(sqlite3 *db, char **message, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  *message = sqlite3_mprintf("not on a Monday");
  return SQLITE_ERROR;
}
END
  cc -shared -fPIC -o "$work/refuse.so" "$work/refuse.c"
  run -66 xodb-worker --data "$data" --extension "$work/refuse.so"
  [ "$output" = "xodb-worker: open $work/refuse.so: error during initialization: not on a Monday" ]
}
