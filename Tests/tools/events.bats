#!/usr/bin/env bats
# shellcheck disable=SC2016 # the children's shells expand, not ours
# shellcheck disable=SC2154 # helpers.bash and bats set the others

load helpers

setup() { set_up_run; }
teardown() { tear_down_run; }

# A child that says that it is ready as often as somebody asks for it to be started again.
child='echo $$ >"$work/$XODB_NAME.pid"; echo >&3; while :; do sleep 0.05; done'

# Fills a pipe that is open as descriptor 9: writes until there is no room.
fill_pipe() {
  dd if=/dev/zero of=/dev/fd/9 oflag=nonblock conv=notrunc bs=64K 2>/dev/null || true
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
  # The first process of the pipeline.
  wait_for watches "$(jobs -p %%)"
  start_events
  start s xodb-supervise --name w -- sh -c "$child"
  wait_for event '^worker.ready '
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

@test "where nothing more can be watched it says which limit that may be" {
  unshare -Ur true 2>/dev/null || skip "namespaces are not allowed here"
  run --separate-stderr -71 unshare -Ur sh -c \
    'echo 0 >/proc/sys/user/max_inotify_instances && exec xodb-events'
  [[ $stderr == *": watch $XODB_RUN/events: too many open files: "*"fs.inotify.max_user_instances" ]]
}

@test "it ends with the status of its help when the run directory is removed" {
  start_events
  rm -r "$XODB_RUN"
  wait_status "$pid"
  [ "$status" -eq 71 ]
  [ "$(<"$work/events.err")" = "xodb-events: list $XODB_RUN/events: No such file or directory" ]
  run -0 xodb-events --help
  [[ $output =~ Exit\ status:.*\ 71\ the\ system\ .*\ 77\  ]]
}

# Starts a publisher that does what is written to descriptor 8, and waits until it is heard.
start_fake() { # NAME
  mkfifo "$work/$1.fifo"
  /usr/bin/python3 "$BATS_TEST_DIRNAME/fake_publisher.py" "$1" "$work/$1.log" \
    <"$work/$1.fifo" >"$work/$1.out" 2>"$work/$1.err" 3>&- &
  note_started
  exec 8>"$work/$1.fifo"
  wait_for filled "$work/$1.log"
}

# Says an event until it is heard: in a burst it may be dropped. What comes twice counts once.
heard() { # NUMBER WORD [FILE]
  echo "event $1 $2" >&8
  grep -q "^$2 " "$work/${3-events.out}"
}

# What has been said of missed events, once a last event has come.
missed() {
  echo "event $1 test.last" >&8
  wait_for event '^test.last '
  cat "$work/events.err"
}

@test "what was missed is counted; what comes twice is printed once" {
  start_events
  start_fake w
  printf 'event %s\n' 7 8 8 11 7 12 >&8
  [ "$(missed 14)" = "xodb-events: follow w: 2 events were missed
xodb-events: follow w: 1 event was missed" ]
  [ "$(grep -o 'seq=[0-9]*' "$work/events.out" | tr '\n' ' ')" = "seq=7 seq=8 seq=11 seq=12 seq=14 " ]
}

@test "a state tells of events that were missed; what a new incarnation said before is not among them" {
  start_events
  start_fake w
  printf '%s\n' 'event 7' 'state 7' 'state 9' 'state 9' 'event 11 router.stopped' >&8
  printf '%s\n' 'incarnation 3' 'event 5' 'event 6' 'incarnation 2' 'event 99' 'incarnation 3' >&8
  [ "$(missed 7)" = "xodb-events: follow w: 2 events were missed
xodb-events: follow w: 1 event was missed" ]
  [ "$(grep -o 'seq=[0-9]*' "$work/events.out" | tr '\n' ' ')" = "seq=7 seq=11 seq=5 seq=6 seq=99 seq=7 " ]
}

@test "a publisher that comes back, or goes, without its end having been heard may have said more" {
  start_events
  start_fake w
  printf '%s\n' 'event 7' 'incarnation 2' 'event 1' 'event 2 router.stopped' 'incarnation 3' >&8
  [ "$(missed 3)" = "xodb-events: follow w: its last events may have been missed" ]
  start_fake quiet
  printf '%s\n' 'event 1' 'event 2 supervisor.stopped' >&8
  wait_for event '^supervisor.stopped .*publisher=quiet '
  # Nothing was heard of this one.
  start_fake silent
  rm "$XODB_RUN"/events/{quiet,silent,w}
  wait_for eval '[ "$(wc -l <"$work/events.err")" -eq 2 ]'
  [ "$(sort -u "$work/events.err")" = "xodb-events: follow w: its last events may have been missed" ]
}

@test "when all that was said at the end is lost on a reader that stands still, that is said too" {
  start slow xodb-events
  local slow=$pid publisher
  wait_for watches "$slow"
  start_fake w
  publisher=$pid
  echo 'event 1' >&8
  wait_for grep -q '^test.event ' "$work/slow.out"
  kill -STOP "$slow"
  # Many times as much as is kept for it.
  printf '%s\n' 'burst 2 50000' 'event 50001 supervisor.stopped' >&8
  exec 8>&-
  wait_status "$publisher"
  rm "$XODB_RUN/events/w"
  kill -CONT "$slow"
  wait_for grep -qx 'xodb-events: follow w: its last events may have been missed' "$work/slow.err"
  run ! grep -q '^supervisor.stopped ' "$work/slow.out"
}

@test "after a gap the state is asked for at once, but not without end" {
  start_events
  start_fake w
  printf '%s\n' 'state 1' 'event 3' >&8
  # Connecting to this publisher is one subscription, the gap is another one.
  wait_for eval '[ "$(wc -l <"$work/w.log")" -eq 2 ]'
  local number
  for number in $(seq 5 2 2001); do echo "event $number"; done >&8
  missed 2003 >"$work/said"
  [ "$(wc -l <"$work/said")" -eq 1001 ]
  [ "$(wc -l <"$work/w.log")" -le 8 ]
}

@test "the router says which events it missed" {
  start_events
  start router xodb-router
  start_fake w
  wait_for eval '[ "$(wc -l <"$work/w.log")" -eq 2 ]'
  printf 'event %s\n' 7 12 >&8
  wait_for event '^router.gap .*publisher=router .* from=w from_incarnation=1 missed=4$'
}

@test "a reader that is stuck costs events, not memory, and is told how many" {
  start_events
  start_fake w
  mkfifo "$work/pipe"
  xodb-events >"$work/pipe" 2>"$work/slow.err" 3>&- 8>&- &
  note_started
  local slow=$pid before after
  exec 9<"$work/pipe"
  wait_for eval '[ "$(wc -l <"$work/w.log")" -eq 2 ]'
  echo 'burst 1 10000' >&8
  # In such a burst even a reader that is not stuck misses some.
  wait_for heard 10001 test.warm
  before=$(awk '/^VmRSS/ { print $2 }' "/proc/$slow/status")
  echo 'burst 10002 200000' >&8
  wait_for event '^test.event .*seq=1..... '
  # The burst is over when the other reader gets nothing more.
  local size=-1
  while [ "$(wc -c <"$work/events.out")" -ne "$size" ]; do
    size=$(wc -c <"$work/events.out")
    sleep 0.5
  done
  wait_for heard 200001 test.full
  after=$(awk '/^VmRSS/ { print $2 }' "/proc/$slow/status")
  echo "the stuck reader's xodb-events has $before KiB, then $after KiB"
  [ $((after - before)) -lt 4096 ]
  # It reads on: what was printed and what was missed is everything.
  cat <&9 >"$work/slow.out" 3>&- &
  note_started
  exec 9<&-
  wait_for heard 200002 test.last slow.out
  local printed missed
  printed=$(wc -l <"$work/slow.out")
  missed=$(awk '/ events? (was|were) missed$/ { n += $(NF - 3) } END { print n }' "$work/slow.err")
  echo "$printed printed, $missed missed"
  [ "$missed" -gt 100000 ]
  [ $((printed + missed)) -eq 200002 ]
}

@test "it ends also when its standard error is stuck" {
  mkfifo "$work/pipe"
  exec 9<>"$work/pipe"
  fill_pipe
  xodb-events >"$work/events.out" 2>&9 3>&- &
  note_started
  local events=$pid before
  wait_for watches "$events"
  start_fake w
  printf 'event %s\n' 1 3 5 >&8
  wait_for event '^test.event .*seq=1$'
  sleep 0.5
  run ! event 'seq=3$'
  before=$(ticks "$events")
  sleep 1
  [ $(($(ticks "$events") - before)) -le 5 ]
  # Its reader comes back, and nothing is lost.
  cat <&9 >/dev/null 3>&- &
  note_started
  wait_for event 'seq=5$'
  kill "$pid"
  wait_status "$pid"
  fill_pipe
  echo 'event 9' >&8
  sleep 0.3
  kill -TERM "$events"
  wait_status "$events"
  [ "$status" -eq 0 ]
}
