#!/usr/bin/env bats
# shellcheck disable=SC2016 # the children's shells expand, not ours
# shellcheck disable=SC2154 # helpers.bash and bats set the others

load helpers

setup() { set_up_run; }
teardown() { tear_down_run; }

# A child that says that it is ready as often as somebody asks for it to be started again.
child='echo $$ >"$work/$XODB_NAME.pid"; echo >&3; while :; do sleep 0.05; done'

# Fills a pipe that is open as descriptor 9.
fill_pipe() {
  timeout 0.5 cat /dev/zero >&9 || true
}

@test "events are lines of a word and pairs, filtered by what the word begins with" {
  start_events
  start some xodb-events worker.e supervisor
  wait_for watches "$pid"
  start s xodb-supervise --name w -- sh -c "$child"
  wait_for filled "$work/w-1.pid"
  kill -USR1 "$(<"$work/w-1.pid")"
  wait_for event '^worker.exited '
  wait_for grep -q '^worker.exited ' "$work/some.out"
  run ! grep -Ev '^(worker.exited|supervisor.[a-z]+) ' "$work/some.out"
  grep -Ev '^[a-z.]+ time=20[0-9TZ:.-]{25} publisher=w incarnation=[0-9]+ seq=[0-9]+( |$)' \
    "$work/events.out" && return 1
  run ! grep -q '^state' "$work/events.out"
  [ "$(wc -l <"$work/events.out")" -gt "$(wc -l <"$work/some.out")" ]
}

@test "a pipeline shows events while they happen" {
  xodb-events 3>&- | grep --line-buffered ' signal=USR2 ' >"$work/seen.out" 3>&- &
  note_started
  start s xodb-supervise --name w -- sh -c "$child"
  wait_for filled "$work/w-1.pid"
  sleep 0.5
  kill -USR2 "$(<"$work/w-1.pid")"
  wait_for grep -q '^worker.exited ' "$work/seen.out"
}

@test "it is started before the publishers, which come, go and come back" {
  rm -r "$XODB_RUN"
  start_events
  for round in 1 2 3; do
    for name in a b; do
      start "$name" xodb-supervise --name "$name" -- sh -c "$child"
    done
    last=("${started[@]: -2}")
    for name in a b; do
      wait_for eval '[ "$(count_events "^worker.ready .*publisher=$name ")" = "$round" ]'
    done
    kill -TERM "${last[0]}"
    kill -KILL "${last[1]}"
    wait_for gone "${last[@]}"
    wait_for eval '[ "$(count_events "^supervisor.stopped .*publisher=a ")" = "$round" ]'
  done
}

@test "the last words of a publisher are heard, also of one that lives for a moment" {
  start_events
  for ((round = 1; round <= 20; round++)); do
    run -127 xodb-supervise --name w -- xodb-foo
    wait_for eval '[ "$(count_events "^supervisor.stopped ")" = "$round" ]'
  done
  [ "$(count_events '^worker.exited .*status=127 ')" = 20 ]
}

@test "it ends quietly when its reader goes, also when nothing happens" {
  mkfifo "$work/pipe"
  exec 9<>"$work/pipe"
  xodb-events >"$work/pipe" 2>"$work/events.err" 3>&- 9>&- &
  note_started
  wait_for watches "$pid"
  exec 9>&-
  wait_status "$pid"
  [ "$status" = 0 ]
  [ ! -s "$work/events.err" ]
}

@test "head takes a line, and that is the end" {
  (
    xodb-events 2>"$work/events.err"
    echo $? >"$work/status"
  ) 3>&- | head -n 1 >"$work/first.out" 3>&- &
  note_started
  start s xodb-supervise --name w -- sh -c 'sleep 0.2'
  wait_for filled "$work/status"
  [ "$(<"$work/status")" = 0 ]
  [ ! -s "$work/events.err" ]
  [ "$(wc -l <"$work/first.out")" = 1 ]
}

@test "TERM and INT end it with status 0, also when its reader is stuck" {
  for signal in TERM INT; do
    start_events
    kill -"$signal" "$pid"
    wait_status "$pid"
    [ "$status" = 0 ]
  done
  mkfifo "$work/pipe"
  exec 9<>"$work/pipe"
  fill_pipe
  xodb-events >&9 2>"$work/events.err" 3>&- &
  note_started
  events=$pid
  wait_for watches "$events"
  start s xodb-supervise --name w -- sh -c 'sleep 0.1'
  sleep 0.5
  before=$(ticks "$events")
  sleep 1
  [ $(($(ticks "$events") - before)) -le 5 ]
  kill -TERM "$events"
  wait_status "$events"
  [ "$status" = 0 ]
}

@test "a full disk is said, with status 74" {
  xodb-events >/dev/full 2>"$work/events.err" 3>&- &
  note_started
  events=$pid
  wait_for watches "$events"
  start s xodb-supervise --name w -- sh -c 'sleep 0.1'
  wait_status "$events"
  [ "$status" = 74 ]
  [ "$(<"$work/events.err")" = "xodb-events: write standard output: No space left on device" ]
}

@test "a standard output that is closed is said as well" {
  xodb-events >&- 2>"$work/events.err" 3>&- &
  note_started
  events=$pid
  start s xodb-supervise --name w -- sh -c 'sleep 0.1'
  wait_status "$events"
  [ "$status" = 74 ]
  [ "$(<"$work/events.err")" = "xodb-events: write standard output: Bad file descriptor" ]
}

@test "wrong arguments and a directory that others may enter are refused" {
  run -64 xodb-events --no-such-option
  chmod 755 "$XODB_RUN"
  run -77 xodb-events
  [[ $output == "xodb-events: run directory "*"its mode is 755, not 700" ]]
}
