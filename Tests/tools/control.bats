#!/usr/bin/env bats
# What clients and the operator can do about requests that are under way: cancel, cap, reserve,
# look, quarantine.

# shellcheck disable=SC2016,SC2154 # expanded later; variables come from the helpers

load helpers
load cluster

setup() { set_up_run; }

teardown() { tear_down_run; }

# A row of what the router shows, by its first column.
shown() { # WHAT [FILTER]
  ask "SHOW what=$1 format=json" | tail -n +2 | jq -c "${2-.}"
}

running() { [ "$(shown queue 'select(.state == "running")' | wc -l)" -eq "$1" ]; }

@test "a cap on the time holds, whatever a request asks for; one on a database before others" {
  start_router --max-timeout 20 --max-timeout test=0.2
  start_workers 1 --databases test,other
  run -0 ask 'QUERY db=test deadline=60000' 'sleep 5000'
  [[ ${lines[0]} == "ERROR code=deadline"* ]]
  run -0 ask 'QUERY db=other deadline=60000' 'sleep 500'
  [[ ${lines[0]} == OK* ]]
  run -64 xodb-router --max-timeout test=
  run -64 xodb-router --max-timeout =5
  run -64 xodb-router --max-timeout never
}

@test "one connection has a bound of its own, and others are served" {
  start_router --max-in-flight 3
  start_workers 1
  run -0 /usr/bin/python3 "$BATS_TEST_DIRNAME/flood.py" 5 'sleep 300'
  [ "$(grep -c '^OK' <<<"$output")" -eq 3 ]
  [ "$(grep -c 'code=busy.*in flight.*retry_ms=' <<<"$output")" -eq 2 ]
}

@test "CANCEL answers what waits at once, and what runs" {
  start_router
  start_workers 1
  run -0 /usr/bin/python3 "$BATS_TEST_DIRNAME/cancel.py"
  [[ ${lines[0]} == 'ERROR id=2 code=cancelled'* ]]
  [[ ${lines[1]} == 'ERROR id=1 code=cancelled'* ]]
  [[ ${lines[2]} == 'OK id=3'* ]]
}

@test "what is inside can be seen, in every format" {
  start_router
  start_workers 2
  # It runs as long as is looked.
  ask 'QUERY db=test id=7' "until $work/go" >"$work/answer" 3>&- &
  note_started
  wait_for running 1
  [ "$(shown queue .sql)" = "\"until $work/go\"" ]
  [ "$(shown workers 'select(.state == "running").db')" = '"test"' ]
  [ "$(shown workers 'select(.state == "idle").db')" = null ]
  [ "$(shown clients 'select(.running == 1).requests')" = 1 ]
  [ "$(shown stats 'select(.stat == "workers").now')" = 2 ]
  [ "$(shown quarantine)" = "" ]
  run -0 ask 'SHOW what=stats format=csv'
  [ "${lines[1]%$'\r'}" = stat,now,minute,total ]
  run -0 ask 'SHOW what=nothing'
  [[ $output == *code=bad-request*workers*stats* ]]
}

@test "what kills workers is refused after that, until the operator lets it go" {
  start_events
  start_router
  start_workers 2
  run -0 ask 'QUERY db=test id=1' 'crash'
  [[ ${lines[0]} == 'ERROR id=1 code=crashed'* ]]
  wait_for has_joined 2
  run -0 ask 'QUERY db=test id=2' 'crash'
  [[ ${lines[0]} == 'ERROR id=2 code=quarantined'* ]]
  [ "$(shown quarantine '.sql + " " + .parameters')" = '"crash these"' ]
  wait_for event '^request.quarantined .*deaths=3 sql=crash'
  kill -USR1 "$router"
  wait_for event '^quarantine.cleared '
  run -0 ask 'QUERY db=test id=3' 'crash'
  [[ ${lines[0]} == 'ERROR id=3 code=crashed'* ]]
}

@test "with a reserve, slow statements never hold all workers" {
  start_router --reserve 1
  start_workers 2
  run -0 ask 'QUERY db=test' 'echo quick'
  local n
  for n in 1 2 3; do
    ask "QUERY db=test id=$n" 'sleep 5000' >/dev/null 3>&- &
    note_started
  done
  wait_for running 1
  local before after
  before=$(date +%s%N)
  run -0 ask 'QUERY db=test' 'echo quick'
  after=$(date +%s%N)
  [ "${lines[1]}" = quick ]
  # Behind the slow ones it would have waited for five seconds, but for a moment.
  [ $(((after - before) / 1000000)) -lt 3000 ]
}

# Succeeds when so many have subscribed to the forger.
overheard_by() { # N
  [ "$(wc -l <"$work/forger.log")" -ge "$1" ]
}

# The value of a key in a line.
value() { # KEY LINE
  [[ " $2 " =~ " $1="([^ ]*)" " ]]
  echo "${BASH_REMATCH[1]}"
}

@test "a cancel hits the attempt that it names, of that worker and that router, and nothing else" {
  start_events
  start_router
  start_workers 1
  mkfifo "$work/say"
  /usr/bin/python3 "$BATS_TEST_DIRNAME/fake_publisher.py" forger "$work/forger.log" \
    <"$work/say" >"$work/forger.out" 2>"$work/forger.err" 3>&- &
  note_started
  exec 7>"$work/say"
  # The router, the worker and xodb-events.
  wait_for overheard_by 3
  # A client that goes away shows what a cancel looks like.
  /usr/bin/python3 "$BATS_TEST_DIRNAME/client.py" 'QUERY db=test id=1' 'sleep 20000' \
    >/dev/null 3>&- 7>&- &
  note_started
  wait_for running 1
  kill -KILL "$pid"
  wait_for event '^request.cancelled '
  local cancel worker job generation incarnation seq=100000 head named
  cancel=$(grep '^request.cancelled ' "$work/events.out")
  worker=$(value name "$cancel")
  job=$(($(value job "$cancel") + 1))
  generation=$(value generation "$cancel")
  incarnation=$(value incarnation "$cancel")
  ask 'QUERY db=test id=2' 'sleep 20000' >"$work/answer" 3>&- 7>&- &
  note_started
  local client=$pid
  wait_for running 1
  head='request.cancelled publisher'
  named="name=$worker generation=$generation job=$job"
  while read -r line; do
    seq=$((seq + 1))
    echo "line ${line/seq=/seq=$seq}" >&7
  done <<EOF
$head=router incarnation=$incarnation seq= name=$worker generation=$generation job=$((job - 1)) try=1
$head=router incarnation=$incarnation seq= name=$worker generation=$generation job=$((job + 1)) try=1
$head=router incarnation=$incarnation seq= name=$worker generation=$((generation + 1)) job=$job try=1
$head=router incarnation=$incarnation seq= name=$worker generation=$((generation - 1)) job=$job try=1
$head=router incarnation=$incarnation seq= name=workers-2 generation=$generation job=$job try=1
$head=router incarnation=$incarnation seq= $named try=2
$head=router incarnation=$incarnation seq= $named try=0
$head=router incarnation=$incarnation seq= $named
$head=router incarnation=$((incarnation - 1)) seq= $named try=1
$head=router2 incarnation=$incarnation seq= $named try=1
EOF
  sleep 0.5
  alive "$client"
  running 1
  # And now the right one, so that the others are known to have been heard.
  echo "line $head=router incarnation=$incarnation seq=$((seq + 1)) $named try=1" >&7
  wait_status "$client"
  [[ $(<"$work/answer") == "OK id=2 rows=1 tries=1 "* ]]
  exec 7>&-
}

@test "what eats memory gets what a worker may have, and another query its answer" {
  start_events
  start_router --tries 2
  start_workers 1 --memory 64 --max-answer 16
  local before
  before=$(worker_pids)
  run -0 ask 'QUERY db=test' 'eat 100000'
  # With room for the request and the answer these are 256 MiB, of which some are gone already.
  [[ ${lines[0]} == OK* ]]
  [ "${lines[1]}" -ge 64 ]
  [ "${lines[1]}" -le 256 ]
  run -0 ask 'QUERY db=test' 'eat 32'
  [ "${lines[1]}" = 32 ]
  [ "$(worker_pids)" = "$before" ]
  # Who cannot go on without it dies of it, and that is counted.
  run -0 ask 'QUERY db=test id=3' 'big 3000000000'
  [[ ${lines[0]} == 'ERROR id=3 code=crashed message="2 workers died '* ]]
  wait_for eval '[ "$(count_events "^worker.exited .*signal=")" -eq 2 ]'
  run -0 ask 'QUERY db=test' 'echo on'
  [ "${lines[1]}" = on ]
}
