#!/usr/bin/env bats
# The whole cluster, as bin/start.sh composes it.
# shellcheck disable=SC2016,SC2154 # expanded later; variables come from the helpers

load helpers
load cluster
load scripts

setup() { set_up_scripts; }

teardown() { tear_down_scripts; }

# Makes a database of 10,000 rows and starts a cluster on it.
start_cluster() { # [OPTION...]
  sqlite3 "$data/kv.db" "create table kv(id integer primary key, name text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
    insert into kv select i, 'name ' || i from n"
  start.sh "$@" "$data" 3>&-
}

# The pids of everything that runs in this run directory.
cluster_pids() {
  local pid
  for pid in $(pgrep xodb-); do
    if tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "XODB_RUN=$XODB_RUN"; then
      echo "$pid"
    fi
  done
}

nothing_runs() { [ -z "$(cluster_pids)" ]; }

@test "start, ask, refuse a second start, stop; nothing is left" {
  start_cluster -w 3
  run -0 xodb-req -d kv -f tsv 'select name from kv where id = ?1' 77
  [ "$output" = "name 77" ]
  run -0 xodb-req --databases -f tsv
  [ "$output" = "kv	3	\\N	0" ]
  run -73 start.sh "$data"
  [[ $output == "start.sh: start in $XODB_RUN: a cluster is already running there" ]]
  run -0 stop.sh
  [ -z "$output" ]
  wait_for nothing_runs
  run -69 stop.sh
  run -69 xodb-req -d kv 'select 1'
  [ -z "$(ls "$XODB_RUN/events")" ]
}

@test "the run directory is locked as long as a cluster runs, as what clears old files away respects" {
  start_cluster
  run -1 flock -n "$XODB_RUN" true
  run -0 stop.sh
  wait_for flock -n "$XODB_RUN" true
}

@test "start and stop need nothing from the environment, PATH included" {
  sqlite3 "$data/kv.db" 'create table t(x)'
  run -0 env -i XODB_RUN="$XODB_RUN" "$bin/start.sh" -w 1 "$data" 3>&-
  [ -z "$output" ]
  run -0 xodb-req -d kv -f tsv 'select count(*) from t'
  run -0 env -i XODB_RUN="$XODB_RUN" "$bin/stop.sh"
  wait_for nothing_runs
  run -0 env -i "$bin/packages.sh" "$data/packages.db"
}

@test "start and stop need no standard input, output or error" {
  sqlite3 "$data/kv.db" 'create table t(x)'
  local closed
  for closed in '<&-' '>&-' '2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
    echo "$closed"
    run -0 sh -c "start.sh -w 1 \"$data\" $closed" 3>&-
    run -0 xodb-req -d kv -f tsv 'select count(*) from t'
    run -73 sh -c "start.sh \"$data\" $closed"
    run -0 sh -c "stop.sh $closed"
    run -69 sh -c "stop.sh $closed"
  done
}

@test "start says why it cannot: arguments, places, an endpoint that is taken" {
  run -64 start.sh
  run -64 start.sh -w 0 "$data"
  run -64 start.sh --nonsense "$data"
  run -64 start.sh "$data" "$data"
  run -66 start.sh "$work/missing"
  run -77 start.sh -t tcp://192.168.1.1:13579 "$data"
  [[ $output == *"only loopback addresses (tcp://127.0.0.1:PORT) can be listened on" ]]
  XODB_RUN=relative run -64 start.sh "$data"
  XODB_RUN=relative run -64 stop.sh
  [ "$output" = "stop.sh: run directory relative: the path is not absolute" ]
  # Whatever keeps the router from starting is shown.
  run -64 start.sh -t tcp://127.0.0.1:99999 "$data"
  run -64 start.sh -w 600 "$data"
  local port
  start listener /usr/bin/python3 -u -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1]); time.sleep(100)'
  wait_for filled "$work/listener.out"
  port=$(<"$work/listener.out")
  run -69 start.sh -t "tcp://127.0.0.1:$port" "$data" 3>&-
  [[ $output == *"bind tcp://127.0.0.1:$port: Address already in use"*"did not become ready"* ]]
  wait_for nothing_runs
  # The words are the router's, and nothing is made.
  local path said
  cd "$work"
  for path in relative "/tmp/$(printf 'ü%.0s' {1..31})x"; do
    XODB_RUN=$path run -64 xodb-router
    said=${output#*: }
    XODB_RUN=$path run -64 start.sh "$data" 3>&-
    [ "$output" = "start.sh: $said" ]
    [ ! -e "$path" ]
  done
  chmod 755 "$XODB_RUN"
  run -77 start.sh "$data"
  chmod 700 "$XODB_RUN"
  # To the tools too it is no directory.
  path=$XODB_RUN/link
  ln -s "$XODB_RUN" "$path"
  XODB_RUN=$path run -73 xodb-router
  XODB_RUN=$path run -73 start.sh "$data"
  [ "$output" = "start.sh: run directory $path: it is a symbolic link" ]
}

@test "an empty directory is served, and what appears in it" {
  run -0 start.sh "$data" 3>&-
  [[ $output == *"holds no SQLite file yet"* ]]
  sqlite3 "$data/new.db" 'create table t(x)'
  run -0 xodb-req -d new -f tsv 'select count(*) from t'
  [ "$output" = 0 ]
}

@test "start serves the others beside databases that are corrupt, locked, or left in the middle of a write" {
  printf 'SQLite format 3\0\377' >"$data/corrupt.db"
  run -0 start.sh "$data" 3>&-
  [ -z "$output" ]
  run -0 stop.sh
  sqlite3 "$data/held.db" 'create table t(x)'
  # Held until the end of the test.
  exec {hold}> >(exec sqlite3 "$data/held.db" 3>&-)
  note_started
  # The look for its lock takes one itself, for which it waits.
  printf '%s\n' '.timeout 30000' 'begin exclusive;' >&"$hold"
  wait_for eval '! sqlite3 "$data/held.db" "select * from t" 2>/dev/null'
  # A transaction that does not fit into the cache is in the file, and its journal beside it.
  sqlite3 "$work/half.db" "create table t(x); insert into t select randomblob(500000);" \
    'pragma cache_size = 1' 'begin' 'update t set x = randomblob(500000)' \
    ".shell cp '$work/half.db' '$work/half.db-journal' '$data'" >/dev/null
  [ -s "$data/half.db-journal" ]
  start_cluster
  run -0 xodb-req -d kv -f tsv 'select name from kv where id = 77'
  [ "$output" = "name 77" ]
  run ! xodb-req -d half --timeout 1 'select * from t'
  run -75 xodb-req -d held --timeout 1 'select * from t'
  run -65 xodb-req -d corrupt --timeout 1 'select * from t'
}

@test "a relative directory is that below the current one, whatever CDPATH says" {
  mkdir -p "$work/elsewhere/data"
  sqlite3 "$data/here.db" 'create table t(x)'
  cd "$work"
  CDPATH=$work/elsewhere run -0 start.sh data 3>&-
  [ -z "$output" ]
  run -0 xodb-req --databases -f tsv
  [[ $output == here* ]]
}

@test "with -t clients are answered on loopback tcp" {
  # A port that nobody has just now.
  local port
  port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  start_cluster -t "tcp://127.0.0.1:$port"
  run -0 xodb-req --router "tcp://127.0.0.1:$port" -d kv -f tsv 'select 1'
  [ "$output" = 1 ]
}

# Asks what takes a while, kills the worker that computes it, and prints the microseconds from the
# kill to the time stamp of the retry. It would take very long, but what is asked again sees `until`.
kill_one() { # ID
  local client busy='' worker victim killed before
  for worker in workers-1 workers-2; do before[${worker#*-}]=$(ticks "$(pid_of $worker)"); done
  slow='with recursive n(i) as (select 1 union all select i + 1 from n where i < (select n from until)) select count(*) from n'
  sqlite3 -cmd '.timeout 10000' "$data/kv.db" 'update until set n = 1000000000'
  ask "QUERY db=kv id=$1" "$slow" >"$work/answer.$1" 3>&- &
  note_started
  client=$pid
  until [ -n "$busy" ]; do
    sleep 0.02
    for worker in workers-1 workers-2; do
      # The one that has computed for 50 ms.
      if [ "$(ticks "$(pid_of $worker)")" -ge $((before[${worker#*-}] + 5)) ]; then busy=$worker; fi
    done
  done
  victim=$(pid_of "$busy")
  sqlite3 -cmd '.timeout 10000' "$data/kv.db" 'update until set n = 1000'
  killed=$(date +%s%N)
  kill -KILL "$victim"
  wait_status "$client"
  [[ $(head -n 1 "$work/answer.$1") == "OK id=$1 rows=1 tries=2 "* ]]
  [ "$(wc -l <"$work/answer.$1")" -eq 2 ]
  wait_for event "^request.retried .*id=$1 .*tries=2"
  wait_for eval '[ "$(pid_of "$busy")" != "$victim" ]'
  wait_for has_joined_as "$busy"
  echo $(($(microseconds "$(grep "^request.retried .*id=$1 " "$work/events.out")") - killed / 1000))
}

# Succeeds when the newest incarnation of a worker is known to the router.
has_joined_as() { # NAME
  event "^router.joined .* name=$1 .*pid=$(pid_of "$1")\$"
}

@test "a worker killed in the middle of a query: one answer, two tries, begun again within 20 ms" {
  start_events
  # With a log a writer does not wait for its readers.
  sqlite3 "$data/kv.db" 'pragma journal_mode = wal; create table until(n); insert into until values (0)' >"$work/mode"
  start_cluster -w 2
  local id
  for id in 1 2 3 4 5; do kill_one "$id" >>"$work/times"; done
  echo "begun again after $(sort -n "$work/times" | tr '\n' ' ')µs" >&3
  # The median: a busy machine may hold up one of them.
  [ "$(sort -n "$work/times" | sed -n 3p)" -le 20000 ]
}

printed() { [ "$(wc -l <"$work/out")" -ge "$1" ]; }

@test "the router is killed under a pipe of 500,000 queries: complete, and in order" {
  start_events
  start_cluster -w 2
  mkfifo "$work/in"
  xodb-req -d kv -f tsv --each 'select ?1' <"$work/in" >"$work/out" 3>&- &
  note_started
  local client=$pid lines last feed
  exec {feed}>"$work/in"
  # What follows is only written when a router has been killed: another one has answered it.
  for lines in {100000..500000..100000}; do
    seq $((lines - 99999)) "$lines" >&"$feed" 3>&- &
    note_started
    last=$pid
    wait_for printed $((lines - 99999))
    kill -KILL "$(pid_of_name router-1)"
    wait_status "$last"
    [ "$status" -eq 0 ]
  done
  exec {feed}>&-
  wait_status "$client"
  [ "$status" -eq 0 ]
  cmp <(seq 500000) "$work/out"
}

@test "a router that stands still is killed, and another one answers what was asked" {
  start_events
  start_cluster -w 1
  mkfifo "$work/in"
  xodb-req -d kv -f tsv --each 'select ?1' <"$work/in" >"$work/out" 3>&- &
  note_started
  local client=$pid feed
  exec {feed}>"$work/in"
  echo 1 >&"$feed"
  wait_for printed 1
  kill -STOP "$(pid_of_name router-1)"
  echo 2 >&"$feed"
  wait_for event '^worker.killed .*name=router-1'
  exec {feed}>&-
  wait_status "$client"
  [ "$status" -eq 0 ]
  cmp <(seq 2) "$work/out"
}

@test "the workers' supervisor is killed: no worker left behind, answers again within 3 s" {
  start_events
  start_cluster -w 2
  local old begin end
  old="$(pid_of workers-1) $(pid_of workers-2)"
  begin=$(date +%s%N)
  kill -KILL "$(pid_of cluster-2)"
  run -0 xodb-req -d kv -f tsv 'select 1'
  end=$(date +%s%N)
  # shellcheck disable=SC2086 # to be split
  wait_for gone $old
  echo "answered again after $(((end - begin) / 1000000)) ms" >&3
  [ $(((end - begin) / 1000000)) -le 3000 ]
}

@test "the outer supervisor is killed: nothing is left behind" {
  start_cluster -w 2
  kill -KILL "$(pid_of_name cluster)"
  wait_for nothing_runs
}

@test "stop ends the process that has the name, and no other that has its pid" {
  start_cluster -w 1
  local old other
  old=$(pid_of_name cluster)
  kill -KILL "$old"
  wait_for nothing_runs
  start other sleep 100
  other=$pid
  sed -i "s/^$old\$/$other/" "$XODB_RUN/locks/cluster"
  run -69 stop.sh
  [ "$output" = "stop.sh: stop in $XODB_RUN: no cluster is running there" ]
  echo "$other" >"$XODB_RUN/pid"
  start cluster xodb-supervise --name cluster -- sleep 100
  local cluster=$pid
  wait_for eval '[ "$(pid_of_name cluster)" = "$cluster" ]'
  run -0 stop.sh
  wait_for gone "$cluster"
  alive "$other"
}

@test "several stops at once end what runs there, and nothing else" {
  mkdir "$XODB_RUN/locks"
  start other sleep 100
  local other=$pid
  for _ in {1..30}; do
    printf '%020d\n%d\n' 5 "$other" >"$XODB_RUN/locks/cluster"
    stop.sh 2>"$work/first" 3>&- &
    run -69 stop.sh
    wait "$!" || true
    [[ $(<"$work/first") == *"no cluster is running there" ]]
  done
  alive "$other"
}

@test "what was open for start is not open for the cluster" {
  sqlite3 "$data/kv.db" 'create table t(x)'
  exec 200>"$work/lock"
  flock 200
  run -0 start.sh -w 1 "$data" 3>&-
  exec 200>&-
  flock -n "$work/lock" true
  run -0 stop.sh
}

@test "start says when the run directory is full" {
  unshare -rm true 2>/dev/null || skip "namespaces are not allowed here"
  run -74 unshare -rm sh -c 'mount -t tmpfs -o size=4k,mode=700 xodb "$XODB_RUN" &&
    echo >"$XODB_RUN/full" && exec start.sh "$1"' sh "$data" 3>&-
  [[ $output == *"No space left on device"*"start.sh: write $XODB_RUN/start.lock: see above" ]]
}

@test "stop lets a running query finish" {
  start_cluster -w 1
  slow='with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000000) select count(*) from n'
  xodb-req -d kv -f tsv "$slow" >"$work/answer" 3>&- &
  note_started
  local client=$pid
  wait_for eval 'filled "$work/answer" || xodb-req --show queue | grep -q running'
  run -0 stop.sh
  wait_status "$client"
  [ "$status" -eq 0 ]
  [ "$(<"$work/answer")" = 10000000 ]
}

@test "stop answers what waits, too" {
  start_cluster -w 1
  seq 5 >"$work/in"
  xodb-req -d kv -f tsv --each 'with recursive n(i) as (select ?1 union all select i + 1 from n limit 1000000)
    select ?1 from n where i = ?1' <"$work/in" >"$work/out" 2>"$work/err" 3>&- &
  note_started
  local client=$pid
  wait_for eval 'filled "$work/out" || xodb-req --show queue | grep -q queued'
  run -0 stop.sh
  wait_status "$client"
  [ "$status" -eq 0 ]
  cmp "$work/in" "$work/out"
}

@test "the router is killed while every worker is busy: they leave that work, and answer again" {
  start_events
  start_cluster -w 2
  endless='with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n;'
  printf '%s' "$endless" "$endless" | xodb-req -d kv --timeout 20 >"$work/answer" 2>&1 3>&- &
  note_started
  wait_for eval '[ "$(xodb-req --show queue | grep -c running)" -eq 2 ]'
  # Whoever asked is gone too: nobody sends those again.
  kill -KILL "$pid"
  kill -KILL "$(pid_of_name router-1)"
  run -0 xodb-req -d kv -f tsv 'select 1'
  [ "$output" = 1 ]
}

@test "with no load the whole cluster uses under 1 % of a core" {
  start_cluster -w 2
  sleep 1
  local before after
  total() {
    cluster_pids | while read -r process; do ticks "$process"; done | awk '{ n += $1 } END { print n }'
  }
  before=$(total)
  sleep 10
  after=$(total)
  echo "$((after - before)) ticks of 10 ms in 10 s, $(cluster_pids | wc -l) processes" >&3
  [ $((after - before)) -lt 10 ]
}

# Counts up until a time.
numbers_until() { # EPOCH SECONDS
  local first=1
  while [ "$EPOCHSECONDS" -lt "$1" ]; do
    seq "$first" $((first + 999))
    first=$((first + 1000))
  done
}

@test "4 clients, 2 workers, full load: nothing lost, doubled or out of order" {
  start_cluster -w 2
  local clients=() i seconds=${XODB_LOAD_SECONDS:-60}
  for i in 1 2 3 4; do
    # Numbers until the time is over; what was asked is kept to compare.
    numbers_until "$((EPOCHSECONDS + seconds))" |
      tee "$work/in.$i" |
      xodb-req -d kv -f tsv --each 'select ?1, (select name from kv where id = 1 + ?1 % 10000)' \
        >"$work/out.$i" 2>"$work/err.$i" 3>&- &
    note_started
    clients+=("$pid")
  done
  export WAIT_SECONDS=$((seconds + 60))
  for pid in "${clients[@]}"; do
    wait_status "$pid"
    [ "$status" -eq 0 ]
  done
  for i in 1 2 3 4; do
    [ ! -s "$work/err.$i" ]
    awk -v OFS='\t' '{ print $1, "name " 1 + $1 % 10000 }' "$work/in.$i" | cmp - "$work/out.$i"
  done
  [ "$(wc -l <"$work/in.1")" -gt 1000 ]
  echo "$(cat "$work"/in.* | wc -l) queries in $seconds s" >&3
}

@test "whole processes: one query takes no more than 10 ms" {
  start_cluster -w 2
  # The fastest of many: what others do on the machine is not the question.
  run -0 /usr/bin/python3 "$BATS_TEST_DIRNAME/timing.py" 301 xodb-req -d kv 'select 1'
  echo "minimum and median of 301 in ms: $output" >&3
  awk -v ms="${output% *}" 'BEGIN { exit !(ms <= 10) }'
}

@test "the list of packages is made whole, in any directory, or not at all" {
  local odd="$work/an \"odd\" one"
  mkdir "$odd"
  export TMPDIR=$odd
  run -0 packages.sh "$odd/p.db"
  [ -z "$output" ]
  [ "$(sqlite3 "$odd/p.db" 'select count(*) > 10 from package, dependency')" = 1 ]
  [ "$(ls -A "$odd")" = p.db ]
  run -73 packages.sh "$odd/p.db"
  [ "$output" = "packages.sh: make $odd/p.db: it is there already" ]
  run -73 packages.sh "$work/missing/p.db"
  # The arguments are looked at first.
  local words
  for words in "''" "missing/" "one two" "-x" ""; do
    cd "$data"
    eval "run --separate-stderr -64 packages.sh $words"
    [[ $stderr == "usage: packages.sh FILE "* ]]
  done
  for script in packages.sh demo.sh start.sh stop.sh; do
    run --separate-stderr -0 "$script" --help
    [[ $output == "usage: $script "* ]]
  done
  [ -z "$(ls -A "$data")" ]
  # What has got in the way meanwhile is said.
  mkdir "$work/late"
  printf '#!/bin/sh\nmkdir "$data/p.db"\nexec /usr/bin/sqlite3 "$@"\n' >"$work/late/sqlite3"
  chmod +x "$work/late/sqlite3"
  export data
  PATH=$work/late:$PATH run -73 packages.sh "$data/p.db"
  [[ $output == *"packages.sh: make $data/p.db: see above" ]]
  [ "$(ls -A "$data")" = p.db ]
  rmdir "$data/p.db"
  # When anything fails nothing is left that would be in the way of the next time.
  mkdir "$work/broken"
  printf '#!/bin/sh\ncat >"$1"\nexit 1\n' >"$work/broken/sqlite3"
  chmod +x "$work/broken/sqlite3"
  PATH=$work/broken:$PATH run -1 packages.sh "$data/p.db"
  [ -z "$(ls -A "$data")" ]
}

@test "start passes options on to the router and the workers" {
  run -64 start.sh -R
  sqlite3 "$data/other.db" 'create table t(x)'
  start_cluster -w 1 -R '--max-timeout kv=0.3' -W '--max-answer 1'
  run -75 xodb-req -d kv "with recursive t(x) as (select 1 union all select x from t) select x from t where x < 0"
  [[ $output == *deadline* ]]
  run -65 xodb-req -d other "select printf('%.*c', 2000000, 'x')"
  [[ $output == *"larger than 1048576 bytes"* ]]
  run -0 stop.sh
  # They are not taken for patterns of files.
  cd "$work"
  touch -- --some-file
  run -69 start.sh -R '--some-*' "$data" 3>&-
  [[ $output == *"xodb-router: Unknown option '--some-*'"* ]]
  run -69 start.sh -W '--some-*' "$data" 3>&-
  [[ $output == *"xodb-worker: Unknown option '--some-*'"* ]]
}
