#!/usr/bin/env bats
# What reads what comes from outside, fed with random bytes and with mutated real traffic.
# shellcheck disable=SC2154 # variables come from the helpers

load helpers

setup() { set_up_run; }
teardown() { tear_down_run; }

@test "a million hostile inputs crash nothing, hang nothing and break no promise" {
  run xodb-fuzz --seed 1 --cases "${XODB_FUZZ_CASES:-1000000}"
  echo "${lines[*]}" >&3
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = "seed 1" ]
  [[ ${lines[1]} =~ ^[0-9]+\ cases\ in\ [0-9]+\ ms$ ]]
}

@test "a case is the same whenever it is run, and others with another seed" {
  for case in 0 5 10 13 16 18 19; do
    run -0 xodb-fuzz --seed 7 --case "$case"
    local first=$output
    [[ ${lines[0]} == input* ]]
    run -0 xodb-fuzz --seed 7 --case "$case"
    [ "$output" = "$first" ]
    run -0 xodb-fuzz --seed 8 --case "$case"
    [ "$output" != "$first" ]
  done
}

@test "a death is told with the case that it came of" {
  start fuzz xodb-fuzz --seed 7 --cases 1000000000
  wait_for filled "$work/fuzz.out"
  sleep 0.2
  kill -ABRT "$pid"
  wait_status "$pid"
  [ "$status" -eq 134 ]
  grep -Eqx 'xodb-fuzz: died or hangs: --seed 7 --case [0-9]+' "$work/fuzz.err"
}
