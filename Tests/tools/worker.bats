#!/usr/bin/env bats
# The worker on real SQLite files, asked through the router by xodb-req.
# shellcheck disable=SC2016,SC2154 # expanded later; variables come from the helpers

load helpers
load cluster

setup() {
  set_up_run
  data=$work/data
  mkdir "$data"
}
teardown() { tear_down_run; }

# Starts a router and a worker on $data, and waits until the worker is there.
start_cluster() { # [WORKER OPTION...]
  start_router
  start worker xodb-worker --data "$data" "$@"
  wait_for listed '.*'
}

listed() { # REGEX
  xodb-req --databases -f tsv | grep -Eq "$1"
}

req() { xodb-req "$@"; }

@test "values of every kind are exact in every format" {
  sqlite3 "$data/v.db" "create table v(n, i, r, t, b);
    insert into v values (null, 9223372036854775807, 0.1, 'a,\"b\"' || char(9, 10, 233, 120070), x'00ff'),
      (null, -9223372036854775808, 1e308*10, '', x'')"
  start_cluster
  run -0 req -d v -f json 'select * from v'
  [ "${lines[0]}" = '{"n":null,"i":9223372036854775807,"r":0.1,"t":"a,\"b\"\t\né𝔆","b":{"$base64":true,"encoded":"AP8="}}' ]
  [ "${lines[1]}" = '{"n":null,"i":-9223372036854775808,"r":9e999,"t":"","b":{"$base64":true,"encoded":""}}' ]
  req -d v -f csv 'select * from v' >"$work/csv"
  printf 'n,i,r,t,b\r\n,9223372036854775807,0.1,"a,""b""\t\né𝔆",00ff\r\n,-9223372036854775808,Inf,"",""\r\n' |
    cmp - "$work/csv"
  req -d v -f tsv 'select * from v' >"$work/tsv"
  printf '\\N\t9223372036854775807\t0.1\ta,"b"\\t\\né𝔆\t\\x00ff\n' | cmp - <(head -n 1 "$work/tsv")
  # What is printed as tsv comes back through --each as it was.
  req -d v -f tsv --each 'select ?1, ?2, ?3, ?4, ?5, typeof(?5)' <"$work/tsv" >"$work/again"
  cmp <(cut -f 1-5 "$work/again") "$work/tsv"
  [ "$(cut -f 6 "$work/again" | sort -u)" = blob ]
}

@test "parameters are typed, positional or named" {
  sqlite3 "$data/v.db" 'create table v(x)'
  start_cluster
  run -0 req -d v -f tsv 'select typeof(?1), typeof(?2), typeof(?3), typeof(?4), ?3' 42 1.5 02134 ''
  [ "$output" = "integer	real	text	text	02134" ]
  run -0 ask 'QUERY db=v' 'select :a + @b as sum, $c as c' '{"a":1,"@b":2,"c":{"$base64":true,"encoded":"AP8="}}'
  [ "${lines[1]}" = '{"sum":3,"c":{"$base64":true,"encoded":"AP8="}}' ]
}

@test "what a client may not do is refused with its reason" {
  sqlite3 "$data/v.db" "create table v(x); insert into v values (1)"
  start_cluster
  while IFS='|' read -r status what sql; do
    run "-$status" req -d v "$sql"
    echo "$sql -> $output"
    [[ $output == "xodb-req: "*"$what"* ]]
  done <<'EOF'
77|INSERT|insert into v values (2)
77|UPDATE|update v set x = 2
77|DELETE|delete from v
77|ATTACH|attach '/tmp/x.db' as x
77|PRAGMA journal_mode|pragma journal_mode = delete
77|PRAGMA user_version|pragma user_version = 7
77|not allowed|select load_extension('x')
77|TABLE|create table w(x)
77|TABLE|create temp table w(x)
77||begin
77||vacuum
65|more than one statement|select 1; select 2
65|no such table: w|select * from w
65|near "selec": syntax error|selec 1
65|no statement|-- nothing
65|1 parameter, 0 given|select ?1
EOF
  run -65 req -d v 'select ?1' 1 2
  [[ $output == *"1 parameter, 2 given"* ]]
  run -0 req -d v -f tsv 'select count(*) from v'
  [ "$output" = 1 ]
}

@test "messages that quote much are cut, and wedge nobody" {
  sqlite3 "$data/v.db" 'create table v(x)'
  start_cluster
  local long
  long=$(printf 'x%.0s' {1..70000})
  for _ in 1 2 3; do
    run -65 req -d v --timeout 5 < <(echo "select $long")
    [[ $output == *"no such column: xxxx"* ]]
  done
  run -0 ask 'QUERY db=v' 'select 1' "{\"$long\":1}"
  [[ ${lines[0]} == "ERROR code=bad-request "* ]]
  run -0 ask "FETCH$long" 'select 1'
  [[ ${lines[0]} == "ERROR code=bad-request "* ]]
  run -0 req -d v -f tsv 'select 1'
}

@test "an error says where: the line of the input, the column" {
  sqlite3 "$data/v.db" 'create table v(x)'
  start_cluster
  run -65 --separate-stderr req -d v -f tsv < <(printf 'select 1;\nselect\n  y from v;\nselect 3;\n')
  [ "$output" = $'1\n3' ]
  [[ $stderr == "xodb-req: line 3: no such column: y (at column 3)" ]]
}

@test "input that is broken is refused, and nothing else is lost" {
  sqlite3 "$data/v.db" 'create table v(x)'
  start_cluster
  printf 'select 1;select \xff;select 2;select \0;select 3;' >"$work/sql"
  run -65 --separate-stderr req -d v -f tsv <"$work/sql"
  [ "$output" = $'1\n2\n3' ]
  [[ $stderr == *"not UTF-8"* && $stderr == *"NUL"* ]]
  for parameters in '[1' '{"a":1,"a":2}' '[[1]]' '[01]' '[99999999999999999999]' 'null' '[1]x' \
    '[{"$base64":true,"encoded":"?"}]'; do
    run -0 ask 'QUERY db=v' 'select ?1' "$parameters"
    echo "$parameters -> ${lines[0]}"
    [[ ${lines[0]} == "ERROR code=bad-request "*parameters:* ]]
  done
  run -0 ask 'QUERY db=v' 'select ?1' 'hex:5b22ff225d'
  [[ ${lines[0]} == "ERROR code=bad-request "* ]]
}

@test "files that are no databases are told apart, and harm nobody" {
  sqlite3 "$data/good.db" 'create table v(x)'
  echo 'no database at all, just some text' >"$data/text.db"
  echo 'just notes' >"$data/notes.txt"
  : >"$data/empty.db"
  sqlite3 "$data/torn.db" 'create table v(x); with recursive n(i) as (select 1 union all select i+1 from n where i<1000) insert into v select hex(randomblob(100)) from n'
  printf 'garbage%.0s' {1..2000} | dd of="$data/torn.db" bs=1 seek=100 conv=notrunc status=none
  sqlite3 "$data/same.db" 'create table v(x)'
  sqlite3 "$data/same.sqlite" 'create table v(x)'
  mkfifo "$data/pipe.db"
  start_cluster
  run -65 req -d text 'select 1'
  [[ $output == *"'text' cannot be opened: "*"not a database"* ]]
  run -65 req -d empty 'select 1'
  [[ $output == *"'empty' cannot be opened: "*empty* ]]
  run -65 req -d torn 'select * from v'
  [[ $output == *malformed* ]]
  run -65 req -d same 'select 1'
  [[ $output == *same.db*same.sqlite* ]]
  for name in notes pipe ../data/good good.db /etc/passwd .. ''; do
    run req -d "$name" 'select 1'
    echo "$name -> $status $output"
    [ "$status" -eq 66 ] || { [ "$name" = '' ] && [ "$status" -ne 0 ]; }
  done
  run -0 req -d good -f tsv 'select 1'
  [ "$output" = 1 ]
  xodb-req --databases -f tsv >"$work/list"
  grep -q 'empty	1	.*empty' "$work/list"
  grep -q 'good	1	\\N' "$work/list"
}

@test "a file without permission is told, not skipped" {
  sqlite3 "$data/secret.db" 'create table v(x)'
  chmod 0 "$data/secret.db"
  if [ "$(id -u)" -eq 0 ]; then
    chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$work" 2>/dev/null || true
    command -v setpriv >/dev/null || skip "root may read everything"
    chmod 755 "$data"
    chown 12345 "$XODB_RUN"
    start router setpriv --reuid 12345 --clear-groups "$(command -v xodb-router)"
    start worker setpriv --reuid 12345 --clear-groups "$(command -v xodb-worker)" --data "$data"
    wait_for setpriv --reuid 12345 --clear-groups "$(command -v xodb-req)" --databases
    # To root the run directory is somebody else's.
    # shellcheck disable=SC2317 # called by the helpers
    xodb-req() { command xodb-req --router "ipc://$XODB_RUN/clients" "$@"; }
  else
    start_cluster
  fi
  wait_for listed 'secret	1	.*ermission denied'
  run -65 req -d secret 'select 1'
  [[ $output == *"'secret' cannot be opened: "*"ermission denied"* ]]
}

@test "files that appear are served, files that go are gone, files that change are seen" {
  sqlite3 "$data/a.db" 'create table v(x); insert into v values (1)'
  start_cluster
  sqlite3 "$data/b.sqlite3" 'create table v(x); insert into v values (2)'
  run -0 req -d b -f tsv 'select x from v'
  [ "$output" = 2 ]
  sqlite3 "$data/b.sqlite3" 'update v set x = 3'
  run -0 req -d b -f tsv 'select x from v'
  [ "$output" = 3 ]
  sqlite3 "$work/new" 'create table v(x); insert into v values (4)'
  mv "$work/new" "$data/b.sqlite3"
  run -0 req -d b -f tsv 'select x from v'
  [ "$output" = 4 ]
  rm "$data/b.sqlite3"
  run -66 req -d b 'select 1'
  run -0 req --databases -f tsv
  [ "$output" = "a	1	\\N	0" ]
}

@test "single files are served; those that cannot be are refused at the start" {
  sqlite3 "$data/a.db" 'create table v(x)'
  echo text >"$work/text.db"
  run -66 xodb-worker "$work/text.db"
  [[ $output == "xodb-worker: open $work/text.db: "*"not a database"* ]]
  run -66 xodb-worker "$work/missing.db"
  [[ $output == "xodb-worker: open $work/missing.db: No such file or directory" ]]
  run -66 xodb-worker --data "$work/missing"
  [[ $output == "xodb-worker: open $work/missing: No such file or directory" ]]
  run -64 xodb-worker
  run -64 xodb-worker --data "$data" --nonsense
  start_router
  start worker xodb-worker "$data/a.db"
  wait_for listed '^a	1'
}

@test "a deadline interrupts a query, and the worker goes on" {
  sqlite3 "$data/v.db" 'create table v(x)'
  start_cluster
  endless='with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'
  run -75 req -d v --timeout 1 "$endless"
  [[ $output == *"the deadline is over"* ]]
  run -0 req -d v -f tsv 'select 1'
}

@test "a cancel stops what computes within 50 ms, and its worker goes on" {
  sqlite3 "$data/v.db" 'create table v(x)'
  start_cluster
  local worker=$pid
  # How long the next query waited for the worker, after each of 15 cancels, in µs.
  run -0 /usr/bin/python3 "$BATS_TEST_DIRNAME/cancel_running.py" 15 \
    'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n'
  sort -n <<<"$output" >"$work/times"
  echo "the worker was free $(sed -n 8p "$work/times") µs after a cancel (median);" \
    "at most $(tail -n 1 "$work/times") µs" >&3
  [ "$(sed -n 8p "$work/times")" -le 50000 ]
  alive "$worker"
  [ "$(ask 'SHOW what=workers format=tsv' | tail -n +2 | cut -f 3)" = "$worker" ]
}

@test "an answer that is too large is refused, not cut" {
  sqlite3 "$data/v.db" 'create table v(x)'
  start_cluster --max-answer 1
  run -65 req -d v "select printf('%.*c', 2000000, 'x')"
  [[ $output == *"larger than 1048576 bytes"* ]]
  run -0 req -d v -f tsv "select length(printf('%.*c', 1000000, 'x'))"
}

@test "a database that is being written is read without trouble" {
  sqlite3 "$data/w.db" 'pragma journal_mode = wal; create table v(x); insert into v values (0)' >/dev/null
  start_cluster
  (for i in {1..200}; do echo "update v set x = $i;"; done | sqlite3 "$data/w.db") &
  note_started
  local writer=$pid
  for _ in {1..500}; do echo 'select x from v;'; done | req -d w -f tsv >"$work/seen"
  wait_status "$writer"
  [ "$(wc -l <"$work/seen")" -eq 500 ]
  # What was seen never goes back.
  sort -n -c "$work/seen"
}

@test "what was read of a database is kept in memory, up to a sixth of --memory" {
  sqlite3 "$data/v.db" "create table v as with recursive n(i) as
    (select 1 union all select i + 1 from n where i < 10000) select zeroblob(1000) as x from n"
  start_cluster --memory 120
  # Bytes that the worker reads for a query.
  bytes_read() {
    local before
    before=$(sed -n 's/^rchar: //p' "/proc/$pid/io")
    run -0 req -d v -f tsv 'select sum(length(x)) from v'
    [ "$output" = 10000000 ]
    echo $(($(sed -n 's/^rchar: //p' "/proc/$pid/io") - before))
  }
  [ "$(bytes_read)" -gt 10000000 ]
  [ "$(bytes_read)" -lt 1000000 ]
  kill "$pid"
  wait_status "$pid"
  wait_for eval '! listed .'
  start worker xodb-worker --data "$data" --memory 24
  wait_for listed '.*'
  [ "$(bytes_read)" -gt 10000000 ]
  [ "$(bytes_read)" -gt 10000000 ]
}

@test "a worker that hears nothing of its router says so, once, and goes on waiting" {
  sqlite3 "$data/v.db" 'create table v(x)'
  start worker xodb-worker --data "$data" --threads 3
  wait_for grep -q . "$work/worker.err"
  [ "$(cat "$work/worker.err")" = "xodb-worker: router ipc://$XODB_RUN/workers: nothing heard of it for 5 s; waiting for it" ]
  start_router
  wait_for listed '.*'
  [ "$(wc -l <"$work/worker.err")" -eq 1 ]
}
