#!/usr/bin/env bats
# How soon another worker has the query of one that was killed.
# shellcheck disable=SC2154 # variables come from the helpers

load helpers
load cluster

setup() {
  set_up_run
}

teardown() {
  tear_down_run
}

@test "200 workers killed in the middle of a query: another one has it within 10 ms" {
  start_router
  start_workers 4
  run /usr/bin/python3 -B "$BATS_TEST_DIRNAME/../chaos/failover.py" 200 "$RANDOM"
  echo "$output" >&3
  [ "$status" -eq 0 ]
}
