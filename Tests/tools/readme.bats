#!/usr/bin/env bats
# What the README shows is run as it stands there.
# shellcheck disable=SC2154 # variables come from the helpers

load helpers
load cluster

setup() {
  set_up_run
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  cd "$root" || return
}

teardown() {
  kill_cluster
  tear_down_run
}

# The code blocks of a language, one after the other, or one of them.
blocks() { # LANGUAGE [NUMBER]
  awk -v fence="\`\`\`$1" -v number="${2-0}" '
    $0 == "```" { on = 0 }
    on && (!number || number == count) { print }
    $0 == fence { on = 1; count++ }' README.md
}

@test "the example client runs as it stands, in at most 15 lines" {
  mkdir "$work/data"
  bin/packages.sh "$work/data/packages.db"
  start_events
  bin/start.sh "$work/data" 3>&-
  blocks python 2 >"$work/client.py"
  [ "$(grep -c . "$work/client.py")" -le 15 ]
  run -0 /usr/bin/python3 "$work/client.py"
  [[ $output == "[{'name': 'libc6', 'version': '"*"'}]" ]]
  # What is quoted in an error is none of its keys, and a time may have decimals.
  sed '$d' "$work/client.py" >"$work/errors.py"
  cat >>"$work/errors.py" <<'EOF'
for name in ' retry_ms=0 ', 'a"" retry_ms=0 ':
    try: query("packages", f'select * from "{name}"')
    except RuntimeError as error: print(error)
print(query("packages", "select 1 as one", timeout=2.5))
EOF
  run -0 /usr/bin/python3 "$work/errors.py"
  [[ ${lines[0]} == *"no such table:  retry_ms=0 "* ]]
  [[ ${lines[1]} == *'no such table: a\" retry_ms=0 '* ]]
  [ "${lines[2]}" = "[{'one': 1}]" ]
  # It sends again what a router that died has lost.
  sed -e 's/timeout=5/timeout=1/' -e '$d' "$work/client.py" >"$work/again.py"
  cat >>"$work/again.py" <<'EOF'
import sys
for number in range(400):
    rows = query("packages", "select ?1 as n, (select count(*) from package) as m", number)
    assert rows[0]["n"] == number and rows[0]["m"] > 100, rows
    print(number, flush=True)
EOF
  /usr/bin/python3 "$work/again.py" >"$work/numbers" 2>"$work/numbers.err" 3>&- &
  note_started
  wait_for filled "$work/numbers"
  kill -KILL "$(pid_of_name router-1)"
  wait_status "$pid"
  cat "$work/numbers.err"
  [ "$status" -eq 0 ]
  seq 0 399 | cmp - "$work/numbers"
}

@test "the reader of large results runs as it stands, in at most 15 lines" {
  mkdir "$work/data"
  sqlite3 "$work/data/packages.db" "create table package as
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
    select i, 'package ' || i as name from n"
  bin/start.sh "$work/data" 3>&-
  blocks python 1 >"$work/reader.py"
  [ "$(grep -c . "$work/reader.py")" -le 15 ]
  /usr/bin/python3 "$work/reader.py" >"$work/rows"
  [ "$(stat -c %s "$work/rows")" -gt 1000000 ]
  sqlite3 -tabs "$work/data/packages.db" 'select * from package' | cmp - "$work/rows"
  # Whoever leaves one early may ask for the next one at once.
  sed '$d' "$work/reader.py" >"$work/early.py"
  cat >>"$work/early.py" <<'EOF'
for _ in range(5):
    for rows in stream("packages", "select * from package"): break
print(b"".join(stream("packages", "select * from package")).decode(), end="")
EOF
  timeout 60 /usr/bin/python3 "$work/early.py" | cmp - "$work/rows"
  # Of several databases as well.
  cp "$work/data/packages.db" "$work/data/more.db"
  sed -i 's/"packages"/"packages,more"/' "$work/reader.py"
  for _ in {1..10}; do
    /usr/bin/python3 "$work/reader.py" >"$work/several"
    cat "$work/rows" "$work/rows" | cmp - "$work/several"
  done
}

@test "the client that sends many in one message runs as it stands" {
  mkdir "$work/data"
  sqlite3 "$work/data/packages.db" 'create table package(name)'
  bin/start.sh "$work/data" 3>&-
  blocks python 3 >"$work/many.py"
  run -0 timeout 30 /usr/bin/python3 "$work/many.py"
  [ "$output" = 328350 ]
}

@test "the tour's commands run as they stand, and show what is said of them" {
  # In a folder of the test's own.
  local folder=$XODB_RUN/tour
  blocks sh | sed "s#/tmp/xodb-tour#$folder#g" >"$work/tour.sh"
  run timeout 60 bash "$work/tour.sh" 3>&-
  echo "$output"
  [[ $output == *"status 65"* ]]
  [[ $output == *$'\n1\n'*$'\n3\n'* ]]
  [[ $output == *"line 1: no such column: x (at column "* ]]
  [[ $output == *"section"*"count(*)"* ]]
  [[ $output == *'"needed_by":'* ]]
  [[ $output == *$'i,name\r\n1,'* ]]
  [[ $output == *'{"open":1}'*'{"open":2}'* ]]
  [[ $output == *$'packages\t'*$'todo\t1'* ]]
  [[ $output == *"supervisor"*"workers-2"*"workers"*idle* ]]
  [[ $output == *$'run_us.p99\t'* ]]
  [[ $output == *"worker.exited"*"signal=KILL"* ]]
  # The second worker may come a moment later.
  [[ $output == *'{"database":"packages","workers":'[12]',"error":null,"peers":0}'* ]]
  [[ $output == *'{"packages":'* && $output == *'{"count(*)":'* ]]
  [[ $output != *"No such file"* && $output != *"not found"* ]]
  [ ! -e "$folder" ]
}

@test "every option's default is the one the README says" {
  for tool in router worker supervise events req node; do
    "xodb-$tool" --help | grep -Eo '^ +(-[a-z], )?--[a-z-]+' | grep -Eo -- '--[a-z-]+' | while read -r option; do
      [ "$option" = --help ] || grep -q -- "$option" README.md || {
        echo "$tool $option"
        exit 1
      }
    done
  done
  for text in 'default: 3)' 'default: 100000)' 'default: 30'; do xodb-router --help | grep -q "$text"; done
  xodb-req --help | grep -q 'default: 30)'
  xodb-worker --help | grep -q 'default: 64)'
  xodb-supervise --help | grep -q 'default: 10'
}

@test "installed elsewhere, tools and scripts find each other" {
  make install PREFIX="$work/usr" >"$work/install.log" 2>&1
  mkdir "$work/data"
  sqlite3 "$work/data/a.db" 'create table t(x)'
  cd /
  PATH=$work/usr/bin:/usr/bin:/bin run -0 xodb-start "$work/data" 3>&-
  PATH=$work/usr/bin:/usr/bin:/bin run -0 xodb-req -d a -f tsv 'select 1'
  [ "$output" = 1 ]
  PATH=$work/usr/bin:/usr/bin:/bin run -0 xodb-stop
}

# What fails, as the README says it, and the test that shows it.
failures() {
  cat <<'END'
a worker dies while it runs a query                        | failover.bats    | 200 workers killed in the middle of a query: another one has it within 10 ms
as many workers as `--tries` (3) die of the same query, run alone | router.bats      | after as many deaths as --tries says the answer is crashed, and others go on
one client's queries kill one worker after the other       | poison.bats      | eight clients do not notice what a ninth one sends
a statement has killed its workers                         | control.bats     | what kills workers is refused after that, until the operator lets it go
a query takes too long                                     | worker.bats      | a deadline interrupts a query, and the worker goes on
a query does not return to SQLite                          | router.bats      | a deadline is kept, also with a worker that hangs
a worker stands still, even for its watchdog               | router.bats      | a worker that is stopped in the middle of a query is killed, and another one answers
a look at whether a database has changed hangs, as on a dead network file system | versions.bats | a database at which nobody can look to the end takes one worker at a time, and no answer
the router stands still                                    | cluster.bats     | a router that stands still is killed, and another one answers what was asked
a query needs too much memory, or returns too much         | engine.bats      | what takes more memory than there is is too large, and the worker lives on
a worker or the router is lost in the middle of a large result | streams.bats | a worker that dies in the middle of a result breaks that off, and nothing else
whoever reads a large result does not go on                | streams.bats     | a reader that does not read gives way when others wait, and is told
a client does not read its answers                         | hostile.bats     | a client that reads late has an answer to each request, and a result without a gap
one client sends more than all others                      | control.bats     | one connection has a bound of its own, and others are served
a client goes away, or takes a query back                  | connections.bats | a client that is killed or hangs up is missed at once: what it waits for is cancelled
all workers are busy or being restarted                    | operation.bats   | HUP restarts the workers one by one; every query is answered once, at its first try
the router dies                                            | cluster.bats     | the router is killed under a pipe of 500,000 queries: complete, and in order
the workers' supervisor dies                               | cluster.bats     | the workers' supervisor is killed: no worker left behind, answers again within 3 s
a host with workers is lost, or its cable                  | hosts.bats       | a host is cut off: others answer what it held, and when it is back it serves
the router's host is lost                                  | hosts.bats       | the router is killed, and restarted: workers on other hosts come back
a worker dies with a part of a query on several databases  | sets.bats        | a worker that is killed in the middle changes nothing
a peer is killed, stands still or cannot be reached        | peers.bats       | a peer that is killed under load costs nobody an answer, and is used again when it is back
a query of `xodb-node` does not return to SQLite           | node.bats        | a thread that cannot be interrupted is written off, and another one takes its place
a database is replaced, by `rename(2)`                     | replace.bats     | a file that replaces another is read whole, and at once
it is replaced while the old one's `-wal` has content      | replace.bats     | a file beside which the log of the one before stands is refused, until that is gone
another program has locked a database                      | replace.bats     | a lock is waited for, at most until the deadline, and then named
somebody removes the router's sockets                      | hostile.bats     | a router whose socket was removed ends, and the next one is found
a subscriber is too slow, events are lost                  | events.bats      | a reader that is stuck costs events, not memory, and is told how many
the cluster is stopped                                     | operation.bats   | TERM drains a router under load: it answers what it holds, and refuses all else
there is no cluster                                        | req.bats         | no router: said within a second
a query is wrong                                           | req.bats         | a failing query is reported with its line and stops nobody
END
}

@test "help that cannot be written is an error" {
  local tool
  for tool in req node supervise events router worker; do
    run -74 bash -c "xodb-$tool --help 2>&1 >/dev/full" 3>&-
    [ "$output" = "xodb-$tool: write standard output: No space left on device" ]
  done
}

@test "each row of what fails has a test" {
  sed -n '/^| what fails /,/^$/p' README.md | awk -F ' *[|] *' 'NR > 2 && NF { print $2 }' >"$work/rows"
  [ -s "$work/rows" ]
  failures | awk -F ' *[|] *' '{ print $1 }' | diff "$work/rows" -
  failures | while IFS='|' read -r _ file name; do
    grep -qxF "@test \"${name# }\" {" "Tests/tools/${file// /}" || {
      echo "no test $name"
      exit 1
    }
  done
}
