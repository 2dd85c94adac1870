# What the tests of the tools share: a run directory of its own for each test, processes that are
# ended by pid, and waiting with limits that a slow machine also keeps.
# shellcheck shell=bash disable=SC2034 # the tests read what is set here
bats_require_minimum_version 1.5.0

set_up_run() {
  local root
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  if [ -z "${XODB_BIN-}" ]; then
    XODB_BIN=$root/.build/release
    [ -x "$XODB_BIN/xodb-supervise" ] || XODB_BIN=$root/.build/debug
  fi
  PATH=$XODB_BIN:$PATH
  # Short, because the paths of sockets may have 107 bytes only.
  XODB_RUN=$(mktemp -d /tmp/xodb-t.XXXXXX)
  work=$BATS_TEST_TMPDIR
  started=()
  export PATH XODB_RUN work
  unset XODB_NAME XODB_GENERATION XODB_SUPERVISOR XODB_GRACE_MS XODB_READY_FD XODB_LIFELINE_FD XODB_PID
}

tear_down_run() {
  local pid
  for pid in "${started[@]}"; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$XODB_RUN"
}

# Starts a command; its output goes to $work/NAME.out and .err, its pid to $pid.
start() { # NAME COMMAND...
  local name=$1
  shift
  "$@" >"$work/$name.out" 2>"$work/$name.err" 3>&- &
  note_started
}

# For commands that a test starts itself, with `&`.
note_started() {
  pid=$!
  started+=("$pid")
}

# Waits until a command succeeds.
wait_for() { # COMMAND...
  local end=$((SECONDS + ${WAIT_SECONDS:-30}))
  until "$@"; do
    if [ "$SECONDS" -ge "$end" ]; then
      echo "waited in vain for: $*" >&2
      tail -n 50 "$work"/*.out "$work"/*.err >&2 || true
      return 1
    fi
    sleep 0.02
  done
}

# Succeeds when a process runs; one that nobody has reaped does not.
alive() { # PID
  local stat
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  [[ ${stat##*) } != [ZX]* ]]
}

gone() { # PID...
  local pid
  for pid in "$@"; do
    if alive "$pid"; then return 1; fi
  done
}

# Succeeds when the processes whose pids are in files have ended.
gone_all() { # FILE...
  local pids
  mapfile -t pids < <(cat "$@")
  [ "${#pids[@]}" -gt 0 ] && gone "${pids[@]}"
}

# Waits for a process that the test has started; its exit status is then in $status.
wait_status() { # PID
  wait_for gone "$1"
  status=0
  wait "$1" || status=$?
}

# Starts xodb-events, and waits until it listens.
start_events() { # [PREFIX...]
  start events xodb-events "$@"
  wait_for watches "$pid"
}

watches() { # PID
  [[ $(readlink /proc/"$1"/fd/*) == *inotify* ]]
}

# Succeeds when an event that matches was printed.
event() { # REGEX
  grep -Eq -- "$1" "$work/events.out"
}

# The number of events that match.
count_events() { # REGEX
  grep -Ec -- "$1" "$work/events.out"
}

# The pid of the process that holds a name in the run directory.
pid_of_name() { # NAME
  sed -n 2p "$XODB_RUN/locks/$1"
}

# Kills the outer supervisor if there is one, and with it everything.
kill_cluster() {
  local lock=$XODB_RUN/locks/cluster
  if [ -e "$lock" ] && ! flock -n "$lock" true; then
    kill -KILL "$(pid_of_name cluster)" 2>/dev/null || true
  fi
}

# The newest pid of a supervised process, as the events tell it. Those of a publisher's start may not be
# heard when the machine is busy: then, as its environment says.
pid_of() { # NAME
  wait_for has_pid "$1" || return
  known_pids "$1" | tail -n 1
}

has_pid() { # NAME
  [ -n "$(known_pids "$1")" ]
}

known_pids() { # NAME
  sed -n "s/^worker.started .* name=$1 .*pid=//p" "$work/events.out" | grep . ||
    pids_by_environment "$1"
}

pids_by_environment() { # NAME
  local file pid
  for file in /proc/[0-9]*/environ; do
    pid=${file//[^0-9]/}
    if grep -qszx "XODB_NAME=$1" "$file" && grep -qszx "XODB_PID=$pid" "$file" &&
      grep -qszx "XODB_RUN=$XODB_RUN" "$file"; then
      echo "$pid"
    fi
  done
}

# Succeeds when each file is there and has a line.
filled() { # FILE...
  local file
  for file in "$@"; do
    if [ ! -s "$file" ]; then return 1; fi
  done
}

# The clock ticks (10 ms) that a process has computed for.
ticks() { # PID
  awk '{ print $14 + $15 }' "/proc/$1/stat"
}
