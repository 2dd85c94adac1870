#!/usr/bin/env bats
# shellcheck disable=SC2016 # the children's shells expand, not ours
# shellcheck disable=SC2154 # helpers.bash and bats set the others

load helpers

setup() { set_up_run; }
teardown() { tear_down_run; }

# A child that writes its pid to $work/NAME.GENERATION, says that it is ready, and waits.
child='echo $$ >"$work/new.$$" && mv "$work/new.$$" "$work/$XODB_NAME.$XODB_GENERATION"
  echo >&3; while :; do sleep 0.05; done'

# The newest generation's pid file of a name.
newest() { # NAME
  printf '%s\n' "$work/$1".[0-9]* | sort -t. -k3 -n | tail -n 1
}

# Succeeds when a child of each name has written its pid.
born() { # NAME...
  local name
  for name in "$@"; do
    if [ ! -s "$(newest "$name")" ]; then return 1; fi
  done
}

children_of() { # PID
  cat /proc/"$1"/task/*/children
}

guardian_of() { # PID
  pgrep --parent "$1" --exact xodb-guardian
}

@test "wrong arguments are refused with status 64" {
  for arguments in "" "--name w" "--name w --" "-- true" "--name w -n 0 -- true" \
    "--name w -n 513 -- true" "--name w -n x -- true" "--name w --grace -1 -- true" \
    "--name w --grace nan -- true" "--name .. -- true" "--name a/b -- true" \
    "--name w true"; do
    # shellcheck disable=SC2086 # to be split
    run -64 --separate-stderr xodb-supervise $arguments
    [ -z "$output" ]
    [[ $stderr == "xodb-supervise: "* ]]
  done
}

@test "a name leaves room for those of the copies, and what is said of it names both" {
  local name
  name=$(printf 'x%.0s' {1..28})
  run -127 xodb-supervise --name "$name" -- xodb-foo
  [ "$output" = "xodb-supervise: start xodb-foo: No such file or directory" ]
  run -64 xodb-supervise --name "${name}x" -- xodb-foo
  [[ $output == "xodb-supervise: name '${name}x': a name has 1 to 28 letters, "* ]]
  run -0 xodb-supervise --help
  [[ $output == *" 1 to 28 letters,"* ]]
}

@test "the help begins with an example and names defaults and exit statuses" {
  run -0 xodb-supervise --help
  [[ $output == *"xodb-supervise --name workers -n 4 -- "*"Exit status: 0"*"USAGE"*"default: 10"* ]]
}

@test "a command that is not there, or no program, ends it like env" {
  run -127 xodb-supervise --name w -n 3 -- xodb-foo
  [ "$output" = "xodb-supervise: start xodb-foo: No such file or directory" ]
  run -126 xodb-supervise --name w -- /etc/passwd
  [ "$output" = "xodb-supervise: start /etc/passwd: Permission denied" ]
}

@test "too few descriptors are refused with status 71, by the other tools as well" {
  local limit command
  for limit in 10 12 14 16; do
    for command in "supervise --name w -- true" events "worker --data $work" "req -d x ''"; do
      run -71 bash -c "ulimit -n $limit; exec xodb-$command" 3>&-
      [[ $output == *"Too many open files" ]]
    done
  done
}

@test "a name that is taken is refused with status 73" {
  start first xodb-supervise --name w -- sh -c "$child"
  wait_for born w-1
  run -73 xodb-supervise --name w -- true
  [[ $output == *"'w' is already running there" ]]
}

@test "a child finds out who it is, and gets nothing else" {
  start s env LEFT=alone XODB_READY_FD= XODB_NAME= XODB_PID=1 xodb-supervise --name w -- sh -c \
    'echo $$ >"$work/pid"; env >"$work/env.new"; ls -l /proc/self/fd >"$work/fds"; mv "$work/env.new" "$work/env"; sleep 60'
  wait_for filled "$work/env"
  for variable in XODB_NAME=w-1 XODB_SUPERVISOR=w XODB_GRACE_MS=10000 XODB_READY_FD=3 XODB_LIFELINE_FD=4 LEFT=alone; do
    grep -qx "$variable" "$work/env"
  done
  grep -Eqx 'XODB_GENERATION=[0-9]+' "$work/env"
  grep -qx "XODB_PID=$(<"$work/pid")" "$work/env"
  [ "$(grep -c '^XODB_READY_FD=' "$work/env")" = 1 ]
  # 5 is the directory that ls reads.
  [ "$(awk 'NF > 8 { print $9 }' "$work/fds" | tr '\n' ' ')" = "0 1 2 3 4 5 " ]
  grep -q ' 0 -> /dev/null' "$work/fds"
}

@test "what a child's own children say is not taken for its own" {
  start_events
  mkdir "$work/data"
  sqlite3 "$work/data/a.db" 'create table t(x)'
  start s xodb-supervise --name w -- sh -c \
    '[ ! -e "$work/over" ] || exec sleep 60
     xodb-node --data "$work/data" -d a -f tsv "select 7 as n" >"$work/first"
     exec 3>"$work/file"
     xodb-node --data "$work/data" -d a -f tsv "select 8 as n" >"$work/second"
     touch "$work/over"; exit 5'
  wait_for event '^worker.exited .* name=w-1 .*status=5'
  [ "$(cat "$work/first" "$work/second")" = $'7\n8' ]
  [ ! -s "$work/file" ]
  run ! event '^worker.ready '
}

@test "started is not ready, and a closed pipe is not either" {
  start_events
  start s xodb-supervise --name w -n 2 -- sh -c \
    'if [ $XODB_NAME = w-1 ]; then exec 3>&-; else echo no | tr -d "\n" >&3; fi
     until [ -e "$work/go" ]; do sleep 0.02; done; echo >&3; touch "$work/said.$XODB_NAME"
     while :; do sleep 0.05; done'
  touch "$work/go"
  wait_for event '^worker.ready .*name=w-2 '
  wait_for test -e "$work/said.w-1"
  run ! event '^supervisor.ready|^worker.ready .*name=w-1 '
}

@test "it is ready when all children are" {
  mkfifo "$work/ready"
  exec 9<>"$work/ready"
  start_events
  start s env XODB_READY_FD=9 xodb-supervise --name w -n 2 -- sh -c \
    'until [ -e "$work/go.$XODB_NAME" ]; do sleep 0.02; done; echo >&3
     while :; do sleep 0.05; done'
  touch "$work/go.w-2"
  wait_for event '^worker.ready .*name=w-2 '
  run ! read -r -t 0.2 -u 9
  touch "$work/go.w-1"
  read -r -t 30 -u 9
  wait_for event '^supervisor.ready '
}

@test "it says how a child ended, and starts the next generation" {
  start_events
  start s xodb-supervise --name w -- sh -c "$child"
  wait_for born w-1
  first=$(newest w-1)
  wait_for event '^worker.ready '
  kill -SEGV "$(<"$first")"
  wait_for event "^worker.exited .*name=w-1 generation=${first##*.} pid=$(<"$first") signal=SEGV why="
  wait_for event '^worker.backoff .*name=w-1 generation=.* delay_ms='
  wait_for eval '[ "$(newest w-1)" != "$first" ]'
  second=$(newest w-1)
  [ "${second##*.}" -gt "${first##*.}" ]
  kill -KILL "$(<"$second")"
  wait_for event "^worker.exited .*generation=${second##*.} .*signal=KILL "
}

@test "a generation never repeats, also when the supervisor comes back" {
  for _ in 1 2 3; do
    start s xodb-supervise --name w -n 2 -- sh -c "$child"
    wait_for born w-1 w-2
    kill -KILL "$pid"
    wait_status "$pid"
    mkdir -p "$work/old"
    for file in "$work"/w-[12].*; do
      [ ! -e "$work/old/${file##*.}" ]
      mv "$file" "$work/old/${file##*.}"
    done
  done
  [ "$(find "$work/old" -type f | wc -l)" = 6 ]
}

@test "who ends at once is started again less and less often" {
  start_events
  start s xodb-supervise --name w -- sh -c 'exit 7'
  wait_for eval '[ "$(count_events "^worker.backoff ")" -ge 4 ]'
  wait_for event '^worker.exited .*status=7 why="exit status 7"'
  # After four deaths the longest delay is 800 ms, and the shortest half of that.
  delay=$(sed -n 's/^worker.backoff .*delay_ms=//p' "$work/events.out" | sed -n 4p)
  [ "$delay" -ge 400 ]
}

@test "TERM is announced, passed on, and ends it with status 0 and its last words" {
  start_events
  start s xodb-supervise --name w -n 3 -- sh -c "trap 'exit 5' TERM; $child"
  s=$pid
  wait_for event '^supervisor.ready '
  kill -TERM "$s"
  wait_status "$s"
  [ "$status" = 0 ]
  wait_for event '^supervisor.stopped '
  words=$(sed -n '/^supervisor.stopping/,$p' "$work/events.out" | cut -d' ' -f1 | uniq -c | awk '{ print $1, $2 }')
  [ "$words" = "1 supervisor.stopping
3 worker.stopping
3 worker.exited
1 supervisor.stopped" ]
  [ "$(count_events '^worker.exited .*status=5 ')" = 3 ]
}

@test "who ignores TERM is killed after the grace, and holds nobody up" {
  start_events
  start s xodb-supervise --name w -n 2 --grace 1.5 -- sh -c \
    'if [ $XODB_NAME = w-1 ]; then trap "" TERM; fi; echo >&3; while :; do sleep 0.05; done'
  s=$pid
  wait_for event '^supervisor.ready '
  kill -INT "$s"
  wait_status "$s"
  [ "$status" = 0 ]
  wait_for event '^supervisor.stopped '
  # The other one had not to wait for that.
  sed '/^worker.killed /q' "$work/events.out" | grep -q '^worker.exited .*name=w-2 .*signal=TERM'
  event '^worker.killed .*name=w-1 '
  event '^worker.exited .*name=w-1 .*signal=KILL '
}

@test "a second TERM kills at once" {
  start_events
  start s xodb-supervise --name w --grace 1000 -- sh -c "trap '' TERM; $child"
  s=$pid
  wait_for event '^supervisor.ready '
  kill -TERM "$s"
  wait_for event '^worker.stopping '
  kill -TERM "$s"
  wait_status "$s"
  [ "$status" = 0 ]
}

@test "kill -9 of it leaves nothing, not even its children's children" {
  start s xodb-supervise --name w -n 2 -- sh -c \
    'sh -c "trap \"\" TERM HUP; while :; do sleep 0.05; done" & echo $! >"$work/grand.$XODB_NAME"
     echo $$ >"$work/pid.$XODB_NAME"; while :; do sleep 0.05; done'
  wait_for filled "$work"/{grand,pid}.w-{1,2}
  # With these also what guards them.
  mapfile -t all < <(children_of "$pid" | xargs -n 1)
  [ "${#all[@]}" = 3 ]
  kill -KILL "$pid"
  wait_for gone "${all[@]}"
  wait_for gone_all "$work"/grand.* "$work"/pid.*
}

@test "what guards the children's children is started again when it is killed" {
  start s xodb-supervise --name w -- sh -c \
    'sh -c "trap \"\" TERM HUP; while :; do sleep 0.05; done" & echo $! >"$work/grand"
     echo $$ >"$work/pid"; while :; do sleep 0.05; done'
  wait_for filled "$work"/{grand,pid}
  first=$(guardian_of "$pid")
  kill -KILL "$first"
  wait_for eval 'another=$(guardian_of "$pid") && [ "$another" != "$first" ]'
  kill -KILL "$pid"
  wait_for gone "$another" "$(<"$work/grand")" "$(<"$work/pid")"
}

@test "what a child leaves behind dies with it, in a session of its own with the supervisor" {
  start_events
  start s xodb-supervise --name w -- sh -c \
    '[ -e "$work/grand" ] && { echo >&3; exec sleep 60; }
     setsid sleep 60 & echo $! >"$work/session"
     sleep 60 & echo $! >"$work/grand"; sleep 0.5; exit 3'
  s=$pid
  wait_for event '^worker.ready '
  wait_for gone "$(<"$work/grand")"
  alive "$(<"$work/session")"
  kill -TERM "$s"
  wait_status "$s"
  [ "$status" = 0 ]
  gone "$(<"$work/session")"
}

@test "what the shell had started that became the supervisor is not its own, and lives on" {
  start_events
  start s bash -c 'sleep 60 & echo $! >"$work/before"
    exec xodb-supervise --name w -- sh -c "setsid sleep 60 & echo \$! >\"\$work/after\"; echo >&3; exec sleep 60"'
  wait_for event '^supervisor.ready '
  kill -TERM "$pid"
  wait_status "$pid"
  [ "$status" = 0 ]
  gone "$(<"$work/after")"
  kill -KILL "$(<"$work/before")"
}

@test "what guards the children's children is not found by the supervisor's command line" {
  start_events
  start s xodb-supervise --name "w$$" -- sh -c 'sleep 60 & echo $! >"$work/grand"; echo >&3; wait'
  wait_for event '^supervisor.ready '
  [ "$(pgrep -f "^xodb-supervise --name w$$ ")" = "$pid" ]
  [ "$(tr -d '\0' <"/proc/$(guardian_of "$pid")/cmdline")" = xodb-guardian ]
  kill -KILL "$pid"
  wait_for gone "$(<"$work/grand")"
}

# In a namespace of pids, where the next one can be chosen.
@test "after kill -9 of it no group is killed that has the pid of a start that failed" {
  unshare -rpf --mount-proc true 2>/dev/null || skip "namespaces are not allowed here"
  cp "$(command -v sleep)" "$work/program"
  run -0 unshare -rpf --mount-proc bash -c '
    set -eu
    xodb-supervise --name w -- "$work/program" 60 2>"$work/s.err" &
    supervisor=$!
    until child=$(pgrep -x program); do sleep 0.02; done
    rm "$work/program"
    first=$(</proc/sys/kernel/ns_last_pid)
    kill -KILL "$child"
    until [ "$(grep -c "No such file" "$work/s.err")" -ge 3 ]; do sleep 0.02; done
    kill -STOP "$supervisor"
    last=$(</proc/sys/kernel/ns_last_pid)
    others=()
    for pid in $(seq "$((first + 1))" "$last"); do
      [ ! -e "/proc/$pid" ] || continue
      echo "$((pid - 1))" >/proc/sys/kernel/ns_last_pid
      setsid sleep 60 3>&- &
      others+=("$!")
    done
    guardian=$(pgrep -x xodb-guardian)
    kill -KILL "$supervisor"
    while [ -e "/proc/$guardian" ] && ! grep -q "^State:.Z" "/proc/$guardian/status"; do sleep 0.02; done
    [ "${#others[@]}" -ge 3 ]
    for pid in "${others[@]}"; do kill -0 "$pid"; grep -q "^State:.S" "/proc/$pid/status"; done
    kill -KILL "${others[@]}"' 3>&-
}

@test "when the supervisor above is gone, it kills and ends" {
  start_events
  mkfifo "$work/line"
  # shellcheck disable=SC2094 # two descriptors, so that one can be closed
  exec 8<>"$work/line" 9<"$work/line"
  XODB_LIFELINE_FD=9 xodb-supervise --name w --grace 1000 -- sh -c "trap '' TERM; $child" \
    >"$work/s.out" 2>"$work/s.err" 3>&- 8>&- &
  note_started
  wait_for event '^supervisor.ready '
  exec 8>&-
  wait_status "$pid"
  gone "$(<"$(newest w-1)")"
  wait_for event '^worker.exited .*signal=KILL '
}

@test "standard error is passed on in whole lines, and what is longer is broken" {
  start s xodb-supervise --name w -n 3 -- sh -c \
    'for i in $(seq 200); do printf "%s part " "$XODB_NAME"; echo "$i end" ; done >&2
     printf "no newline" >&2; head -c 70000 /dev/zero | tr "\0" x >&2; touch "$work/done.$XODB_NAME"; exec sleep 60'
  s=$pid
  wait_for eval '[ -e "$work/done.w-1" ] && [ -e "$work/done.w-2" ] && [ -e "$work/done.w-3" ]'
  kill -TERM "$s"
  wait_status "$s"
  [ "$(grep -Ecx 'w-[123] part [0-9]+ end' "$work/s.err")" = 600 ]
  [ "$(grep -c '^no newlinex' "$work/s.err")" = 3 ]
  [ "$(awk '{ n = length($0) + 1; if (n > m) m = n } END { print m }' "$work/s.err")" = 65536 ]
  [ "$(tr -cd x <"$work/s.err" | wc -c)" = 210000 ]
}

@test "a reader of standard error that is stuck holds up neither the child nor the news" {
  mkfifo "$work/pipe"
  exec 9<>"$work/pipe"
  start_events
  xodb-supervise --name w -- sh -c \
    'yes 123456789 | head -c 3000000 >&2; echo >&3; until [ -e "$work/go" ]; do sleep 0.02; done
     kill -ABRT $$' >"$work/s.out" 2>&9 3>&- 9>&- &
  note_started
  wait_for event '^worker.ready '
  touch "$work/go"
  wait_for event '^worker.exited .*signal=ABRT '
  kill -TERM "$pid"
  before=$SECONDS
  wait_status "$pid"
  [ "$status" = 0 ]
  [ $((SECONDS - before)) -lt 10 ]
}

@test "it says how much of standard error was dropped" {
  mkfifo "$work/pipe"
  exec 9<>"$work/pipe"
  start_events
  xodb-supervise --name w -- sh -c \
    'yes 123456789 | head -c 3000000 >&2; echo >&3; exec sleep 60' >"$work/s.out" 2>&9 3>&- 9>&- &
  note_started
  wait_for event '^worker.ready '
  start reader cat "$work/pipe"
  exec 9>&-
  wait_for grep -q 'bytes dropped' "$work/reader.out"
  kill -TERM "${started[1]}"
  wait_for gone "${started[1]}"
  # Its reader may be behind.
  wait_for accounts_for 3000000
}

# Succeeds when what was read, and what was dropped, is so much.
accounts_for() { # BYTES
  local dropped
  dropped=$(sed -n 's/^xodb-supervise: standard error: \([0-9]*\) bytes dropped$/\1/p' "$work/reader.out" |
    awk '{ n += $1 } END { print n }')
  [ "$((dropped + 10 * $(grep -cx 123456789 "$work/reader.out")))" = "$1" ]
}

# Says that it is ready, and goes on saying things.
talker='trap "" PIPE; echo one >&2; echo >&3; while :; do echo more >&2; sleep 0.1; done'

# Checks that a supervisor computes next to nothing, and ends it; its exit status is then in $status.
end_idle() { # PID
  local before
  before=$(ticks "$1")
  sleep 2
  [ $(($(ticks "$1") - before)) -le 20 ]
  kill -TERM "$1"
  wait_status "$1"
}

@test "a standard error that nobody reads any more costs nothing" {
  start_events
  mkfifo "$work/pipe"
  exec 9<>"$work/pipe"
  xodb-supervise --name w -- sh -c "$talker" >"$work/s.out" 2>"$work/pipe" 3>&- 9>&- &
  note_started
  wait_for event '^supervisor.ready '
  exec 9>&-
  end_idle "$pid"
  [ "$status" = 0 ]
}

@test "a standard error that cannot be written costs only what was said" {
  start_events
  start s bash -c 'exec xodb-supervise --name w -- sh -c "$1" 2>/dev/full' - "$talker"
  wait_for event '^supervisor.ready '
  end_idle "$pid"
  [ "$status" = 0 ]
}

@test "a standard error that is closed costs nothing" {
  start_events
  start s bash -c 'exec xodb-supervise --name w -- sh -c "$1" 2>&-' - "$talker"
  wait_for event '^supervisor.ready '
  end_idle "$pid"
  [ "$status" = 0 ]
}

@test "a standard error that has another reader after a while is written again, with what was lost" {
  mkfifo "$work/pipe"
  start first cat "$work/pipe"
  local first=$pid
  xodb-supervise --name w -- sh -c 'while :; do echo more >&2; sleep 0.05; done' \
    >"$work/s.out" 2>"$work/pipe" 3>&- &
  note_started
  wait_for filled "$work/first.out"
  kill -TERM "$first"
  wait_status "$first"
  sleep 0.5
  start second cat "$work/pipe"
  wait_for grep -qx 'xodb-supervise: standard error: [0-9]* bytes dropped' "$work/second.out"
  wait_for grep -qx more "$work/second.out"
}

@test "a standard error that may not be larger ends neither it nor its children" {
  start s bash -c 'ulimit -f 8; exec xodb-supervise --name w -- sh -c "
    ulimit -f unlimited; yes >&2"'
  wait_for eval '[ "$(stat -c %s "$work/s.err")" -eq 8192 ]'
  sleep 0.5
  kill -TERM "$pid"
  wait_status "$pid"
  [ "$status" = 0 ]
}

@test "it computes next to nothing while nothing happens" {
  start_events
  # One of them has closed all that could be polled.
  start s xodb-supervise --name w -n 2 -- sh -c \
    'echo >&3; [ $XODB_NAME = w-1 ] || exec 2>&- 3>&-; exec sleep 60'
  wait_for event '^supervisor.ready '
  before=$(ticks "$pid")
  sleep 3
  [ $(($(ticks "$pid") - before)) -le 6 ]
}

@test "supervisors nest: readiness and TERM pass through" {
  mkfifo "$work/ready"
  exec 9<>"$work/ready"
  start_events
  start s env XODB_READY_FD=9 xodb-supervise --name outer --grace 20 -- \
    xodb-supervise --name inner -n 2 -- sh -c \
    "trap 'exit 0' TERM; until [ -e '$work/go' ]; do sleep 0.02; done; $child"
  s=$pid
  wait_for event '^worker.started .*publisher=inner .*name=inner-2 '
  run ! read -r -t 0.2 -u 9
  touch "$work/go"
  read -r -t 30 -u 9
  event '^supervisor.ready .*publisher=inner ' || wait_for event '^supervisor.ready .*publisher=inner '
  kill -TERM "$s"
  wait_status "$s"
  [ "$status" = 0 ]
  wait_for event '^worker.exited .*publisher=outer .*name=outer-1 .*status=0 '
  wait_for event '^worker.exited .*publisher=inner .*name=inner-1 .*status=0 '
  gone_all "$work"/inner-*
}

@test "supervisors nest: kill -9 of the outer one leaves nothing" {
  start s xodb-supervise --name outer -- xodb-supervise --name inner -n 2 -- sh -c \
    "sleep 60 & echo \$! >'$work/grand.'\$XODB_NAME; $child"
  wait_for born inner-1 inner-2
  wait_for filled "$work"/grand.inner-{1,2}
  kill -KILL "$pid"
  wait_for gone_all "$work"/inner-* "$work"/grand.*
}

# A child that says that it is ready, and then that it is alive.
living='echo >&3; while :; do printf . >&3; sleep 0.2; done'

@test "who hangs is killed and started again; who is never heard at all is not" {
  start_events
  start s xodb-supervise --name w -n 3 -- sh -c "[ \$XODB_NAME = w-3 ] && { echo >&3; exec sleep 60; }; $living"
  wait_for event '^supervisor.ready '
  kill -STOP "$(pid_of w-1)"
  wait_for event '^worker.killed .*name=w-1 .*why="no sign of life for 3500 ms"'
  wait_for event '^worker.exited .*name=w-1 .*signal=KILL why="killed: no sign of life for 3500 ms"'
  wait_for eval '[ "$(count_events "^worker.ready .*name=w-1 ")" = 2 ]'
  [ "$(count_events '^worker.killed ')" = 1 ]
}

@test "who is stopped before it could say anything is killed as well" {
  start_events
  start s xodb-supervise --name w -- sleep 60
  wait_for event '^worker.started .*name=w-1 '
  first=$(pid_of w-1)
  kill -STOP "$first"
  wait_for event "^worker.killed .*pid=$first why=\"no sign of life for 3500 ms\""
  wait_for eval '[ "$(count_events "^worker.started .*name=w-1 ")" = 2 ]'
}

@test "its own sleep is not its children's silence" {
  start_events
  start s xodb-supervise --name w -- sh -c "$living"
  s=$pid
  wait_for event '^supervisor.ready '
  one=$(pid_of w-1)
  # As a whole machine that is held up.
  kill -STOP "$one" "$s"
  sleep 5
  kill -CONT "$s" "$one"
  sleep 3
  run ! event '^worker.killed '
  alive "$one"
}

@test "who says a lot costs little and holds nobody up" {
  start_events
  # One of them before it is ready, the other after that.
  start s xodb-supervise --name w -n 3 -- sh -c \
    'case $XODB_NAME in
       w-1) exec tr "\0" . </dev/zero >&3 ;;
       w-2) exec yes >&3 ;;
       w-3) echo >&3; until [ -e "$work/go" ]; do sleep 0.02; done; exit 9 ;;
     esac'
  wait_for event '^worker.ready .*name=w-2 '
  wait_for event '^worker.ready .*name=w-3 '
  before=$(ticks "$pid")
  sleep 3
  [ $(($(ticks "$pid") - before)) -le 10 ]
  touch "$work/go"
  wait_for event '^worker.exited .*name=w-3 .*status=9 '
  run ! event '^worker.killed '
}

@test "supervisors nest: one that is stopped is killed with all that it keeps, and comes back" {
  start_events
  start s xodb-supervise --name outer -- xodb-supervise --name inner -n 2 -- sh -c \
    "trap '' TERM; sh -c 'trap \"\" TERM; echo \$\$ >\"$work/grand.\$PPID\"; exec sleep 60' & $child"
  wait_for event '^supervisor.ready .*publisher=outer '
  wait_for event '^supervisor.ready .*publisher=inner '
  old=("$(pid_of inner-1)" "$(pid_of inner-2)")
  wait_for filled "$work/grand.${old[0]}" "$work/grand.${old[1]}"
  kill -STOP "$(pid_of outer-1)"
  wait_for event '^worker.killed .*publisher=outer .*why="no sign of life for 3500 ms"'
  wait_for gone "${old[@]}"
  wait_for gone_all "$work/grand.${old[0]}" "$work/grand.${old[1]}"
  wait_for eval '[ "$(count_events "^supervisor.ready .*publisher=inner ")" = 2 ]'
}

# Sees to it that a process cannot be buried, until $pid has ended.
hold() { # PID
  start hold python3 "$BATS_TEST_DIRNAME/hold.py" "$1"
  wait_for eval 'filled "$work/hold.out" || gone "$pid"'
  filled "$work/hold.out" || skip "$(<"$work/hold.err")"
}

@test "another one takes the place of who does not even end by KILL, and is buried when it can be" {
  start_events
  start s xodb-supervise --name w -- sh -c \
    "[ -e '$work/first' ] || { touch '$work/first'; printf . >&3; exec sleep 60; }; $living"
  s=$pid
  wait_for event '^worker.started '
  first=$(pid_of w-1)
  hold "$first"
  wait_for event "^worker.stuck .*name=w-1 .*pid=$first why=\"it has not ended 2000 ms after it was killed\""
  wait_for event '^worker.ready .*name=w-1 '
  [ -d "/proc/$first" ]
  run ! event '^worker.exited '
  kill -KILL "$pid"
  wait_for event "^worker.exited .*name=w-1 generation=[0-9]* pid=$first signal=KILL "
  wait_for eval '[ ! -d "/proc/$first" ]'
  alive "$(pid_of w-1)"
  [ "$(count_events '^worker.started ')" = 2 ]
  kill -TERM "$s"
  wait_status "$s"
  [ "$status" = 0 ]
}

@test "it ends although one of its processes does not" {
  start_events
  start s xodb-supervise --name w --grace 0 -- sh -c "$living"
  s=$pid
  wait_for event '^worker.ready '
  hold "$(pid_of w-1)"
  kill -TERM "$s"
  wait_status "$s"
  [ "$status" = 0 ]
  event '^worker.stuck ' || wait_for event '^worker.stuck '
  wait_for event '^supervisor.stopped '
}

@test "who has begun to work and dies is started again at once, also when it said so last" {
  start_events
  start s xodb-supervise --name w -- sh -c 'printf + >&3; kill -SEGV $$'
  wait_for eval '[ "$(count_events "^worker.exited .*signal=SEGV ")" -ge 50 ]'
  run ! event '^worker.backoff '
}

# The lives that the events tell of, a word each: what happened and to whom.
lives() {
  sed -nE 's/^worker\.([a-z]+) .* name=([^ ]+) .*/\1:\2/p' "$work/events.out" | tr '\n' ' '
}

@test "HUP restarts one after another, each when the one before it is back" {
  start_events
  start s xodb-supervise --name w -n 3 -- sh -c "trap 'sleep 0.1; exit 4' TERM; sleep 0.1; $child"
  wait_for event '^supervisor.ready '
  first=("$(pid_of w-1)" "$(pid_of w-2)" "$(pid_of w-3)")
  : >"$work/events.out"
  kill -HUP "$pid"
  wait_for event '^supervisor.restarted .*workers=3$'
  event '^supervisor.restarting .*workers=3 passed_to=0$'
  expected=
  for i in 1 2 3; do expected+="stopping:w-$i exited:w-$i started:w-$i ready:w-$i "; done
  [ "$(lives)" = "$expected" ]
  [ "$(count_events '^worker.exited .*status=4 why="stopped: exit status 4"')" = 3 ]
  wait_for gone "${first[@]}"
  alive "$pid"
}

@test "if the first does not come back after HUP, the others stay" {
  start_events
  start s xodb-supervise --name w -n 2 -- sh -c "[ ! -e '$work/bad' ] || exit 3; $child"
  wait_for event '^supervisor.ready '
  second=$(pid_of w-2)
  touch "$work/bad"
  kill -HUP "$pid"
  wait_for eval '[ "$(count_events "^worker.backoff .*name=w-1 ")" -ge 3 ]'
  alive "$second"
  run ! event '^worker.stopping .*name=w-2 '
  rm "$work/bad"
  wait_for event '^supervisor.restarted .*workers=2'
  wait_for gone "$second"
}

@test "TERM in the middle of a restart ends all" {
  start_events
  # The first one ends when all have been told to.
  start s xodb-supervise --name w -n 3 -- sh -c \
    "trap 'until [ -e \"$work/go\" ]; do sleep 0.02; done; exit 0' TERM; $child"
  s=$pid
  wait_for event '^supervisor.ready '
  kill -HUP "$s"
  wait_for event '^worker.stopping .*name=w-1 '
  kill -TERM "$s"
  wait_for event '^worker.stopping .*name=w-3 '
  touch "$work/go"
  wait_status "$s"
  [ "$status" = 0 ]
  wait_for event '^supervisor.stopped '
  [ "$(count_events '^worker.stopping ')" = 3 ]
  run ! event '^worker.killed '
}

@test "supervisors nest: HUP goes through to the leaves" {
  start_events
  start s xodb-supervise --name outer -n 2 -- \
    sh -c 'exec xodb-supervise --name "inner-$XODB_NAME" -n 2 -- sh -c "$0"' "$child"
  wait_for event '^supervisor.ready .*publisher=outer '
  for inner in inner-outer-1 inner-outer-2; do wait_for event "^supervisor.ready .*publisher=$inner "; done
  supervisors="$(pid_of outer-1) $(pid_of outer-2)"
  leaves=()
  for leaf in inner-outer-{1,2}-{1,2}; do leaves+=("$(pid_of "$leaf")"); done
  kill -HUP "$pid"
  for inner in inner-outer-1 inner-outer-2; do
    wait_for event "^supervisor.restarted .*publisher=$inner .*workers=2"
  done
  wait_for event '^supervisor.restarting .*publisher=outer .*workers=0 passed_to=2'
  wait_for gone "${leaves[@]}"
  [ "$supervisors" = "$(pid_of outer-1) $(pid_of outer-2)" ]
}

@test "TTIN adds one, TTOU removes the last, and says where that ends" {
  start_events
  start s xodb-supervise --name w -- sh -c "trap 'exit 0' TERM; $child"
  s=$pid
  wait_for event '^supervisor.ready '
  [ "$(sed -n 2p "$XODB_RUN/locks/w")" -eq "$s" ]
  kill -TTOU "$s"
  wait_for grep -qx 'xodb-supervise: remove a worker: there is only one' "$work/s.err"
  kill -TTIN "$s"
  wait_for event '^supervisor.resized .*workers=2$'
  wait_for event '^worker.ready .*name=w-2 '
  second=$(pid_of w-2)
  kill -TTOU "$s"
  wait_for event '^supervisor.resized .*workers=1$'
  wait_for event '^worker.stopping .*name=w-2 '
  wait_for event '^worker.exited .*name=w-2 .*status=0 '
  gone "$second"
  alive "$(pid_of w-1)"
  [ "$(count_events '^supervisor.ready ')" = 1 ]
  kill -TERM "$s"
  wait_status "$s"
  [ "$status" = 0 ]
}

@test "a lock of which a crash of the system has left nothing readable keeps nobody from starting" {
  mkdir -m 700 "$XODB_RUN/locks"
  head -c 27 /dev/zero >"$XODB_RUN/locks/w"
  start s xodb-supervise --name w -- sh -c "$child"
  wait_for born w-1
  # Higher than all that were drawn before: from the clock, in microseconds.
  [[ $(newest w-1) =~ \.[0-9]{16}$ ]]
}

@test "a supervisor of supervisors neither adds nor removes one" {
  start_events
  start s xodb-supervise --name outer -- xodb-supervise --name inner -- sh -c "$child"
  wait_for event '^supervisor.ready .*publisher=outer '
  kill -TTIN "$pid"
  wait_for grep -qx 'xodb-supervise: add a worker: outer-1 keeps processes of its own: ask that one' "$work/s.err"
  kill -TTOU "$pid"
  wait_for grep -qx 'xodb-supervise: remove a worker: outer-1 keeps processes of its own: ask that one' "$work/s.err"
  run ! event '^supervisor.resized '
}

@test "as many as there may be, and one more is refused" {
  start_events
  # They cost the supervisor two descriptors each, and get the limit that it was given.
  ulimit -Sn 300
  start s xodb-supervise --name w -n 510 -- sh -c 'ulimit -Sn >"$work/limit.$XODB_NAME"; echo >&3; exec sleep 600'
  wait_for event '^supervisor.ready '
  kill -TTIN "$pid"
  wait_for event '^supervisor.resized .*workers=511$'
  kill -TTIN "$pid"
  wait_for event '^worker.ready .*name=w-511 '
  wait_for event '^worker.ready .*name=w-512 '
  kill -TTIN "$pid"
  wait_for grep -qx 'xodb-supervise: add a worker: there are 512, which is the most' "$work/s.err"
  run ! event '^worker.exited '
  [ "$(cat "$work"/limit.* | sort | uniq -c | awk '{ print $1, $2 }')" = "512 300" ]
}
