#!/usr/bin/env bats
# The benchmark measures what it says, and leaves nothing behind. Its figures are not looked at.
# shellcheck disable=SC2154 # variables come from the helpers

load helpers

setup() {
  set_up_run
  root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
  make -s -C "$root" bench-programs
  # Its run directories are in a folder of this test, which also tells its processes from others.
  # For root, PostgreSQL runs as another user there.
  chmod 711 "$XODB_RUN"
  command=(env "TMPDIR=$XODB_RUN" /usr/bin/python3 -B "$root/Tests/bench/bench.py" --tiny)
}

teardown() {
  tear_down_run
}

# Neither files nor processes are left.
clean() {
  [ -z "$(ls -A "$XODB_RUN")" ] && ! grep -qszxF "TMPDIR=$XODB_RUN" /proc/[0-9]*/environ
}

@test "each case prints its rows" {
  run "${command[@]}" --bin "$XODB_BIN" --long
  echo "$output"
  [ "$status" -eq 0 ]
  for row in '1 .*xodb-req : plain LRU broker' '1 .*xodb-req : pgbench in pipelines' \
    '1 .*xodb-req : C loop in one process' '1 .*C client : plain LRU broker' \
    '2 .*8 REQ clients : plain' "2 .*8 REQ clients' p99" "2 .*1 REQ client's p50" \
    '3 .*as csv : sqlite3' '3 .*as json : sqlite3' '3 .*as csv : psql' \
    "3 .*the router's peak" "3 .*the worker's peak" "3 .*xodb-req's peak memory, csv" \
    "3 .*xodb-req's peak memory, json" '4 .*one query' '5 .*slow queries : programs' \
    '6 .*8 REQ clients, .*databases : one' '6 .*a stream, .*databases : one' "6 .*a worker's peak" '7 .*router, a stream : plain' '7 .*router, a stream, in libzmq' \
    '7 .*router, lock-step, in its own code' '9 .*lookups, xodb-node' '9 .*as csv, xodb-node' '9 .*one query' '3L .*as csv : sqlite3' "3L .*the worker's peak"; do
    grep -Eq "^$row" <<<"$output" || { echo "no row: $row" && false; }
  done
  # Reasons for rows without figures stand below them; only a peer that is not installed may be one.
  run -1 grep '^      ' <(grep -v 'skipped: .* not found' <<<"$output")
  wait_for clean
}

@test "a table is compared with an earlier one" {
  "${command[@]}" --bin "$XODB_BIN" --only 4
  cp "$root/.build/bench/last.json" "$work/earlier.json"
  run "${command[@]}" --bin "$XODB_BIN" --only 4 --baseline "$work/earlier.json"
  echo "$output"
  [ "$status" -eq 0 ]
  # Ours, the peer's, their ratio, and how the former two have changed.
  grep -Eq '^4 .*( +[0-9][0-9.]*){3} +<= 4.5 +(yes|no) +[0-9.]+ +[0-9.]+$' <<<"$output"
  run "${command[@]}" --bin "$XODB_BIN" --only 4 --baseline /dev/null
  [ "$status" -eq 1 ]
  [[ $output == "bench: /dev/null: no earlier table:"* ]]
}

@test "what cannot be measured is said in its row, and the rest goes on" {
  mkdir "$work/bin"
  ln -s "$XODB_BIN"/xodb-{router,worker} "$work/bin"
  cat >"$work/bin/xodb-req" <<END
#!/bin/sh
case \$* in *' kv'*) echo "xodb-req: not today" >&2; exit 65 ;; esac
exec $XODB_BIN/xodb-req "\$@"
END
  chmod +x "$work/bin/xodb-req"
  run "${command[@]}" --bin "$work/bin" --only "3 2"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "$(grep -c '^ *xodb-req: not today' <<<"$output")" -ge 5 ]
  grep -Eq '^2 .*8 REQ clients : plain LRU broker, /s +[0-9]' <<<"$output"
  wait_for clean
}

@test "nothing stays behind when it is ended in the middle" {
  local signal
  for signal in TERM INT; do
    start bench "${command[@]}" --bin "$XODB_BIN" --only "2 5" --runs 50
    wait_for pgrep -f "lockstep ipc://$XODB_RUN/"
    kill -s "$signal" "$pid"
    wait_status "$pid"
    [ "$status" -eq $((128 + $(kill -l "$signal"))) ]
    wait_for clean
  done
}
