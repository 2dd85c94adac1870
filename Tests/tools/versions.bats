#!/usr/bin/env bats
# Versions of databases: what answers carry, what is left out because of them, what is published.
# shellcheck disable=SC2154 # variables come from the helpers

load helpers
load cluster

setup() {
  set_up_run
  data=$work/data
  mkdir "$data"
  # Who keeps a connection keeps the log.
  sqlite3 "$data/wal.db" 'pragma journal_mode = wal; create table t(x); insert into t values (0)'
  sqlite3 "$data/rollback.db" 'create table t(x); insert into t values (0)'
  start_router
}
teardown() { tear_down_run; }

start_databases() { # [N]
  local n=${1:-1} i
  for ((i = 1; i <= n; i++)); do start "worker$i" xodb-worker --data "$data"; done
  wait_for serve_all "$n"
}

serve_all() { # N
  [ "$(xodb-req --databases -f tsv | cut -f 2 | sort -u)" = "$1" ]
}

query() { # DB [KEY=VALUE...]
  local db=$1
  shift
  ask "QUERY db=$db format=tsv${*:+ $*}" 'select x from t'
}

# The value of a key of a line.
field() { # KEY LINE
  sed -n "s/.* $1=\([^ ]*\).*/\1/p" <<<"$2" | head -n 1
}

version() { # DB
  local answer
  answer=$(query "$1")
  field version "$answer"
}

write() { # DB SQL
  sqlite3 "$data/$1.db" "pragma busy_timeout = 10000; $2" >/dev/null
}

# Asks once more; succeeds when two workers have answered.
both_answer() { # DB
  query "$1" >>"$work/answers"
  [ "$(grep -o ' worker=[^ ]*' "$work/answers" | sort -u | wc -l)" -eq 2 ]
}

@test "an answer has its data's version, and equal data has an equal one over all workers" {
  start_databases 2
  for db in wal rollback; do
    for round in 1 2 3; do
      write "$db" "update t set x = $round"
      : >"$work/answers"
      # They take turns, but one that has just looked at the database goes behind the other one.
      wait_for both_answer "$db"
      [ "$(grep -c '^[0-9]*$' "$work/answers")" -eq "$(grep -c "^$round\$" "$work/answers")" ]
      [ "$(grep -Eo ' version=[0-9a-v]{13}( |$)' "$work/answers" | sort -u | wc -l)" -eq 1 ]
      grep -Eo ' version=[^ ]*' "$work/answers" | head -n 1 >>"$work/versions"
    done
  done
  [ "$(sort -u "$work/versions" | wc -l)" -eq 6 ]
}

@test "a version outlives the workers" {
  start_databases 1
  first=$pid
  for db in wal rollback; do version "$db"; done >"$work/before"
  kill "$first"
  wait_status "$first"
  wait_for serve_all ''
  start_databases 1
  for db in wal rollback; do version "$db"; done >"$work/after"
  [ "$(wc -w <"$work/before")" -eq 2 ]
  diff "$work/before" "$work/after"
}

@test "older data that comes back is not taken for the newer" {
  start_databases 1
  for db in wal rollback; do
    write "$db" 'update t set x = 1'
    sqlite3 "$data/$db.db" ".backup $work/backup.db"
    write "$db" 'update t set x = 2'
    newer=$(version "$db")
    sqlite3 "$data/$db.db" ".restore $work/backup.db"
    run query "$db"
    [ "${lines[1]}" = 1 ]
    restored=$(field version "${lines[0]}")
    [ "$restored" != "$newer" ]
    # The same counter of changes as the newer one's, by another file.
    write "$db" 'update t set x = 3; pragma wal_checkpoint(truncate)'
    sqlite3 "$work/backup.db" 'update t set x = 4'
    mv "$work/backup.db" "$data/$db.db"
    run query "$db"
    [ "${lines[1]}" = 4 ]
    [[ $(field version "${lines[0]}") != @("$restored"|"$newer") ]]
  done
}

@test "what a client knows already is not sent again" {
  start_databases 1
  for db in wal rollback; do
    version=$(version "$db")
    run query "$db" "if-version=$version"
    [[ ${lines[0]} =~ ^OK\ .*unchanged=1 ]]
    [ "$(field version "${lines[0]}")" = "$version" ]
    [ "${#lines[@]}" -eq 1 ]
    write "$db" 'update t set x = 5'
    run query "$db" "if-version=$version"
    [[ ${lines[0]} =~ ^OK\ .*rows=1 ]]
    [ "${lines[1]}" = 5 ]
    [ "$(field version "${lines[0]}")" != "$version" ]
  done
}

@test "a write is published while nobody asks, with the version that answers have" {
  start_databases 2
  start_events database.changed
  for db in wal rollback; do
    for round in 1 2; do
      count=$(count_events "^database.changed .* db=$db " || true)
      write "$db" "update t set x = $round"
      WAIT_SECONDS=5 wait_for published "$db" "$count"
      # A checkpoint may follow the write.
      WAIT_SECONDS=5 wait_for last_is_current "$db"
    done
  done
  # Likewise when another file takes the place.
  sqlite3 "$work/new" 'create table t(x); insert into t values (7)'
  count=$(count_events "^database.changed .* db=rollback ")
  mv "$work/new" "$data/rollback.db"
  WAIT_SECONDS=5 wait_for published rollback "$count"
  WAIT_SECONDS=5 wait_for last_is_current rollback
}

published() { # DB COUNT
  [ "$(count_events "^database.changed .* db=$1 ")" -gt "$2" ]
}

last_is_current() { # DB
  local last
  last=$(grep "^database.changed .* db=$1 " "$work/events.out" | tail -n 1)
  [ "$(field version "$last")" = "$(version "$1")" ]
}

@test "a client that waits for a change is answered when it comes" {
  start_databases 2
  for db in wal rollback; do
    version=$(version "$db")
    start waiting /usr/bin/python3 "$BATS_TEST_DIRNAME/client.py" \
      "QUERY db=$db format=tsv deadline=9000 wait=change if-version=$version" 'select x from t'
    sleep 0.5
    [ ! -s "$work/waiting.out" ]
    write "$db" 'update t set x = 8'
    wait_status "$pid"
    [ "$status" -eq 0 ]
    [ "$(sed -n 2p "$work/waiting.out")" = 8 ]
  done
}

@test "a database at which nobody can look to the end takes one worker at a time, and no answer" {
  start_events
  start workers xodb-supervise --name workers -n 2 -- xodb-worker --data "$data"
  wait_for serve_all 2
  query rollback
  # Whoever looks for what a writer has left waits there for ever.
  mkfifo "$data/rollback.db-journal"
  printf S | dd of="$data/rollback.db" conv=notrunc status=none
  wait_for event '^router.lost .* looked_at=rollback'
  [ "$(xodb-req -d wal -f tsv 'select x from t')" = 0 ]
  rm "$data/rollback.db-journal"
  wait_for event '^worker.exited .*status=79'
  grep -q "^xodb-worker: look at a database's version: after 2500 ms it is not done\$" "$work/workers.err"
}
