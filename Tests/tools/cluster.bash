# A router and workers for the tests, and a client to ask them.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2154 # variables are shared with the tests

# Sends frames to the router and prints the answer's, one a line.
ask() { # [OPTION...] FRAME...
  /usr/bin/python3 "$BATS_TEST_DIRNAME/client.py" "$@"
}

start_router() { # [OPTION...]
  start router xodb-router "$@"
  router=$pid
  wait_for test -S "$XODB_RUN/events/router"
}

# Starts workers of the test engine under a supervisor, and waits until all are ready.
start_workers() { # N [OPTION...]
  local n=$1
  shift
  start workers xodb-supervise --name workers -n "$n" -- xodb-test-worker "$@"
  workers=$pid
  wait_for has_joined "$n"
}

has_joined() { # N
  [ "$(worker_pids | wc -l)" -eq "$1" ] && [ "$(shown_workers)" -eq "$1" ]
}

# How many workers the router knows, at the database that has the most.
shown_workers() {
  ask 'SHOW what=databases format=tsv' | awk -F '\t' 'NR > 1 && $2 > n { n = $2 } END { print n + 0 }'
}

# The pids of a supervisor's workers.
worker_pids() { # [SUPERVISOR]
  local child
  tr ' ' '\n' <"/proc/${1:-$workers}/task/${1:-$workers}/children" | while read -r child; do
    # The supervisor has another child, which guards the others.
    if grep -q '^xodb-.*work' "/proc/$child/comm" 2>/dev/null; then echo "$child"; fi
  done
}

# The microseconds of an event's time stamp.
microseconds() { # EVENT LINE
  local time=${1#*time=}
  time=${time%% *}
  echo $(($(date -d "$time" +%s) * 1000000 + 10#${time:20:6}))
}
