#!/usr/bin/env bats
# Requests that differ in nothing but their parameters travel as one, and fare as if they did not.
# shellcheck disable=SC2034,SC2154 # variables are shared with the helpers

load helpers
load cluster

setup() {
  set_up_run
  mkdir "$work/data"
  sqlite3 "$work/data/kv.db" "create table kv(id integer primary key, name text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
    insert into kv select i, 'name ' || i from n"
}

teardown() { tear_down_run; }

start_cluster() { # N [OPTION...]
  local n=$1
  shift
  start_router
  start workers xodb-supervise --name workers -n "$n" -- xodb-worker --data "$work/data" "$@"
  workers=$pid
  wait_for has_joined "$n"
}

series() { # SQL FIRST EACH [PARAMETERS...]
  /usr/bin/python3 "$BATS_TEST_DIRNAME/series.py" kv "$@"
}

# Sends each line of standard input as parameters, and prints the rows.
each() { # SQL [OPTION...]
  local sql=$1
  shift
  xodb-req -d kv -f tsv "$@" --each "$sql"
}

into_files() { each "$@" >"$work/out" 2>"$work/err"; }

@test "one answer has the rows of each, in order" {
  start_cluster 1
  run -0 series 'select id, name from kv where id between ?1 and ?1 + 1' 7 3 '[1]' '[30000]' '[5]'
  [ "$output" = "OK 7 3 - 1	name 1/2	name 2/  5	name 5/6	name 6/" ]
  # Also without parameters.
  run -0 series 'select 1' 7 2 '' ''
  [ "$output" = "OK 7 2 - 1/ 1/" ]
}

@test "what fails fails alone" {
  start_cluster 1
  run -0 series "select abs(?1)" 7 5 '[1]' '[-2]' '["-9223372036854775808"]' '[-9223372036854775808]' '[3]'
  [ "${#lines[@]}" -eq 3 ]
  [ "${lines[0]}" = "OK 7 3 - 1/ 2/ 9.2233720368547758e+18/" ] || [ "${lines[0]%% 9*}" = "OK 7 3 - 1/ 2/" ]
  [[ ${lines[1]} == "ERROR 10 - sql "* ]]
  [ "${lines[2]}" = "OK 11 - - 3/" ]
  run -0 series 'select ?1' 7 3 '[1]' 'no JSON' '[2]'
  [[ ${lines[1]} == "ERROR 8 - bad-request "* ]]
  run -0 series 'select * from nothing' 7 2
  [ "$(cut -d ' ' -f 1-4 <<<"$output")" = "ERROR 7 - sql
ERROR 8 - sql" ]
}

@test "a stream of lookups, of which some fail, some are large and some slow, is what each is alone" {
  start_cluster 2
  # Of 5,000 lines: numbers, of which every 97th overflows, and every 501st is 3 MB large.
  seq 5000 | awk '{ print $1 "\t" ($1 % 97 == 0 ? "-9223372036854775808" : $1) "\t" ($1 % 501 == 0 ? 1500000 : 3) }' \
    >"$work/in"
  run -65 into_files 'select ?1, abs(?2), length(hex(zeroblob(?3)))' <"$work/in"
  awk -F '\t' '$1 % 97 != 0 { print $1 "\t" $2 "\t" 2 * $3 }' "$work/in" | cmp - "$work/out"
  [ "$(grep -c 'integer overflow' "$work/err")" -eq 51 ]
  grep -qx 'xodb-req: line 97: integer overflow' "$work/err"
  each 'select ?1, hex(zeroblob(?3))' <"$work/in" | md5sum >"$work/sum"
  awk -F '\t' '{ printf "%s\t", $1; for (n = 2 * $3; n > 0; n--) printf "0"; print "" }' "$work/in" |
    md5sum | cmp - "$work/sum"
  # Every 499th takes some 10 ms.
  seq 3000 >"$work/in"
  each 'with recursive n(i) as (select 1 union all select i + 1 from n
      limit case when ?1 % 499 then 3 else 50000 end) select ?1, count(*) from n' <"$work/in" >"$work/out"
  awk '{ print $1 "\t" ($1 % 499 ? 3 : 50000) }' "$work/in" | cmp - "$work/out"
}

@test "a value that kills workers is answered crashed, and all others are answered" {
  cc -shared -fPIC -O2 -o "$work/poison.so" "$BATS_TEST_DIRNAME/../poison/poison.c"
  start_cluster 2 --extension "$work/poison.so"
  seq 2000 >"$work/in"
  run -70 into_files 'select case when ?1 = 1234 then poison_crash(1) else ?1 end' --timeout 60 <"$work/in"
  grep -v '^1234$' "$work/in" | cmp - "$work/out"
  [[ $(<"$work/err") == "xodb-req: line 1234: "*"workers died while they ran it" ]]
}

printed() { [ "$(wc -l <"$work/out")" -ge "$1" ]; }

@test "workers die in the middle of a stream of lookups: each is answered once" {
  start_cluster 2
  seq 1 200000 | awk '{ print 1 + $1 % 20000 }' >"$work/in"
  mkfifo "$work/feed"
  each 'select id, name from kv where id = ?1' --timeout 60 <"$work/feed" >"$work/out" 3>&- &
  note_started
  client=$pid
  local feed last part
  exec {feed}>"$work/feed"
  # There is more to answer at each death, and somebody to die.
  for part in 0 1 2 3 4; do
    wait_for has_joined 2
    tail -n +$((part * 40000 + 1)) "$work/in" | head -n 40000 >&"$feed" 3>&- &
    note_started
    last=$pid
    wait_for printed $((part * 40000 + 1))
    kill -KILL "$(worker_pids | shuf -n 1)"
    wait_status "$last"
  done
  exec {feed}>&-
  wait_status "$client"
  [ "$status" -eq 0 ]
  awk '{ print $1 "\tname " $1 }' "$work/in" | cmp - "$work/out"
}

@test "one that takes long holds none of the others up" {
  start_cluster 2
  run -0 series 'with recursive n(i) as (select 1 union all select i + 1 from n where i < ?1) select count(*) from n' \
    7 5 '[1]' '[2]' '[3000000]' '[4]' '[5]'
  # Those in front of it have been run, mostly together; it and those behind it are run alone.
  [ "${lines[${#lines[@]} - 1]}" = "OK 9 - - 3000000/" ]
  [ "$(awk '{ for (n = 5; n <= NF; n++) print $1, $2 + n - 5, $n }' <<<"$output" | sort -n -k 2 | paste -sd ' ')" = \
    "OK 7 1/ OK 8 2/ OK 9 3000000/ OK 10 4/ OK 11 5/" ]
}

@test "a worker without a supervisor outlives its router at work, and ends when it is told to" {
  local client worker
  seq 100000 >"$work/values"
  for _ in {1..6}; do
    start_router
    start worker xodb-worker --data "$work/data"
    worker=$pid
    wait_for ask_works
    into_files 'with recursive c(i) as (select 1 union all select i + 1 from c where i < 400)
      select ?1, sum(i) from c' <"$work/values" 3>&- &
    note_started
    client=$pid
    wait_for filled "$work/out"
    kill -KILL "$router"
    wait_status "$router"
    start_router
    wait_for ask_works
    alive "$worker"
    # The router may be gone before it has heard of that.
    kill -KILL "$client"
    kill "$worker" "$router"
    wait_status "$worker"
    [ "$status" -eq 0 ]
    wait_status "$router"
    wait_status "$client"
  done
}

ask_works() { xodb-req -d kv -f tsv 'select 1' >"$work/one" 2>&1; }

@test "a series that is none is refused, and so is one from whoever takes only one answer" {
  start_cluster 1
  run -0 ask 'QUERY db=kv id=1 each=2' 'select ?1' '3:[1],3:[2],'
  [ "${lines[0]}" = 'ERROR id=1 code=bad-request message="each= is for requests in a MANY message"' ]
  many=$(printf '%s' '23:QUERY db=kv id=1 each=2,9:select ?1,6:3:[1],,')
  run -0 ask --dealer MANY "$many"
  [[ $output == *'code=bad-request message="the parameters are not netstrings, as many as each= says"'* ]]
}

@test "every format and statistics are as without series" {
  start_cluster 1
  seq 3000 >"$work/in"
  for format in json csv tsv; do
    xodb-req -d kv -f "$format" --each 'select id, name from kv where id = ?1' <"$work/in" >"$work/$format"
  done
  sqlite3 -json "$work/data/kv.db" 'select id, name from kv where id <= 3000' | sed 's/^\[//; s/[],]$//' |
    cmp - "$work/json"
  [ "$(grep -c '^id,name' "$work/csv")" -eq 3000 ]
  [ "$(grep -vc '^id,name' "$work/csv")" -eq 3000 ]
  awk '{ print $1 "\tname " $1 }' "$work/in" | cmp - "$work/tsv"
  run --separate-stderr -0 xodb-req --stats -d kv --each 'select id from kv where id <= ?1' <<<"$(seq 100)"
  [[ $stderr == "stats queries=100 ok=100 rows=5050 "* ]]
  run -0 xodb-req --show stats -f tsv
  [ "$(awk '$1 == "answers.ok" { print $4 }' <<<"$output")" -ge 9100 ]
}
