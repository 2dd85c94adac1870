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
  # As for the shell, also in what a database brings along.
  sqlite3 "$data/w.db" 'create view good as select poison_good(x) from w'
  run -0 xodb-req -d w -f tsv 'select * from good'
  [ "$output" = later ]
}

@test "views may read virtual tables" {
  sqlite3 "$data/f.db" "create virtual table f using fts5(x); insert into f values ('hello world');
    create view hits as select x from f where f match 'hello'"
  start_cluster
  run -0 xodb-req -d f -f tsv 'select * from hits'
  [ "$output" = 'hello world' ]
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

# Asks for a statement that is to fail with a code, of the worker whose pid is in $pid.
refused() { # CODE SQL
  local answer
  answer=$(ask 'QUERY db=v format=tsv deadline=9000' "$2")
  [[ $answer =~ ^"ERROR code=$1 " ]] || {
    echo "$2: ${answer:0:300}" >&2
    return 1
  }
  alive "$pid"
}

# An SQL table of numbers and texts of a kilobyte.
numbers="with recursive n(i, x) as (select 1, '' union all select i + 1, hex(zeroblob(500)) || i from n"

@test "what takes more memory than there is is too large, and the worker lives on" {
  start_cluster --memory 16 --max-answer 4
  # These tell only at their end.
  refused too-large "$numbers limit 50000) select length(group_concat(x)) from n"
  refused too-large "$numbers limit 50000) select length(json_group_array(x)) from n"
  refused too-large "$numbers) select x from n order by x"
  refused too-large "$numbers) select count(distinct x) from n"
  refused too-large "$numbers) select sum(i) over (order by x) from n"
  refused too-large "$numbers), m as materialized (select * from n) select count(*) from m a, m b where a.x < b.x"
  refused too-large "${numbers/union all/union}) select count(*) from n"
  refused too-large 'select length(hex(zeroblob(50000000)))'
  refused too-large 'select length(randomblob(60000000) || randomblob(60000000))'
  for value in "printf('%.*c', 100000000, 'x')" 'randomblob(1000000000)' 'zeroblob(1000000000)' \
    'replace(hex(zeroblob(1000000)), 0, hex(zeroblob(1000)))'; do
    refused too-large "select length($value)"
  done
  run -0 req 'select sum(x) from v'
  [ "$output" = 6 ]
  # Of memory it had at no time much more than that.
  [ "$(awk '/^VmHWM:/ { print $2 }' "/proc/$pid/status")" -lt 100000 ]
}

@test "what is sorted stays in memory" {
  start_router
  # Not a byte can be written to a file.
  start worker sh -c 'ulimit -f 0 && exec xodb-worker --data "$1"' - "$data"
  wait_for listed
  run -0 req "with recursive n(i) as (select 1 union all select i + 1 from n limit 1000000)
    select count(*) from (select distinct hex(i) || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxx' from n order by 1 desc)"
  [ "$output" = 1000000 ]
  alive "$pid"
}

@test "answers are bounded in rows and in bytes" {
  start_cluster --max-rows 3 --max-answer 1
  run -0 req 'select x from v'
  [ "$output" = $'1\n2\n3' ]
  # In one message; in chunks there may be more.
  run -0 ask 'QUERY db=v' 'select x from v union all select 4'
  [[ $output == 'ERROR code=too-large message="more than 3 rows" '* ]]
  run -0 req 'select x from v union all select 4'
  [ "$output" = $'1\n2\n3\n4' ]
  run -65 req 'select zeroblob(600000)'
  [[ $output == *"the answer is larger than 1048576 bytes" ]]
  refused too-large 'select x from v union all select 4'
  refused too-large 'select zeroblob(600000)'
}

@test "statements are bounded in what SQLite counts" {
  start_cluster
  repeat() { # N TEXT
    printf "%.0s$2" $(seq "$1")
  }
  run -0 req "select 0$(repeat 990 +1)"
  [ "$output" = 990 ]
  refused sql "select 0$(repeat 1000 +1)"
  run -0 req "select count(*) from (select 1$(repeat 499 ' union all select 1'))"
  [ "$output" = 500 ]
  refused sql "select 1$(repeat 500 ' union all select 1')"
  refused sql "select 'x' like '$(repeat 5001 xxxxxxxxxx)'"
  refused sql 'select ?250001'
  refused denied "attach ':memory:' as other"
}

@test "more databases are served than may be open at once" {
  for n in {1..40}; do
    sqlite3 "$data/w$n.db" "pragma journal_mode = wal; create table t(x); insert into t values ($n)" >"$work/sqlite.out"
  done
  start_router
  # A database takes three descriptors: each of them can be the one that there is no more.
  for limit in 100 101 102; do
    start worker sh -c 'ulimit -n "$1"; exec xodb-worker --data "$2"' - "$limit" "$data"
    wait_for listed
    for round in 1 2; do
      for n in {1..40}; do
        run -0 xodb-req -d "w$n" -f tsv 'select x from t'
        [ "$output" = "$n" ] || {
          echo "limit $limit, round $round, w$n: $output"
          false
        }
      done
    done
    kill -TERM "$pid"
    wait_status "$pid"
    # Otherwise it might be taken for the next one.
    wait_for eval '! listed'
  done
}

@test "what cannot be looked at for lack of descriptors is served again when there are some" {
  start_cluster
  limit=$(awk '/open files/ { print $4 }' "/proc/$pid/limits")
  prlimit --pid "$pid" --nofile=10:
  touch "$data/v.db"
  run ! req 'select count(*) from v'
  [[ $output == *"Too many open files"* ]]
  run -66 xodb-req -d missing 'select 1'
  run -0 xodb-req --databases -f tsv
  [[ $output == "v"* ]]
  prlimit --pid "$pid" --nofile="$limit":
  run -0 req 'select count(*) from v'
  [ "$output" = 3 ]
}

@test "what the system refuses a worker that serves is told as that, with status 71" {
  start_cluster
  # poll takes no more than may be open.
  prlimit --pid "$pid" --nofile=3:
  run ! req 'select 1'
  wait_status "$pid"
  [ "$status" = 71 ]
  [ "$(<"$work/worker.err")" = "xodb-worker: poll: Invalid argument" ]
}
