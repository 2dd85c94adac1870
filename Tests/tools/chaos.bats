#!/usr/bin/env bats
# A cluster under load in which everything is killed: what the README promises, on real processes.
# shellcheck disable=SC2154 # variables come from the helpers

load helpers

setup() {
  set_up_run
}

teardown() {
  # It ends its cluster itself, when it is asked to.
  if [ -n "${pid-}" ]; then
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  tear_down_run
}

@test "chaos: the checker finds what is wrong, and nothing else" {
  run /usr/bin/python3 -B "$BATS_TEST_DIRNAME/../chaos/doctored.py"
  echo "$output"
  [ "$status" -eq 0 ]
}

@test "chaos: nothing lost, wrong or twice" {
  local seconds=${XODB_CHAOS_SECONDS:-60}
  start chaos /usr/bin/python3 -B "$BATS_TEST_DIRNAME/../chaos/chaos.py" --seconds "$seconds" \
    --bin "$BATS_TEST_DIRNAME/../../bin"
  WAIT_SECONDS=$((seconds + 120)) wait_status "$pid"
  cat "$work/chaos.out" >&3
  cat "$work/chaos.err"
  [ "$status" -eq 0 ]
}
