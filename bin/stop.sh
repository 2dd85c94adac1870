#!/usr/bin/env bash
# Ends the cluster of the run directory: what is being answered is answered, the rest is refused.
set -euo pipefail
# Otherwise pipes and files would take the numbers of those that are closed. In place of the third,
# bash may have this script there.
[ -e /dev/fd/0 ] || exec </dev/null
[ -e /dev/fd/1 ] || exec >/dev/null
[[ -e /dev/fd/2 && ! /dev/fd/2 -ef $0 ]] || exec 2>/dev/null

run=${XODB_RUN:-${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/xodb}}
run=${run:-/tmp/xodb-$(id -u)}

fail() { # STATUS WHAT: WHY
  echo "${0##*/}: $2" >&2
  exit "$1"
}

case ${1-} in
  '') ;;
  -h | --help)
    echo "usage: ${0##*/}   ends the cluster in the run directory, here $run"
    echo "Exit status: 0 it has ended, 64 wrong arguments, or a run directory whose path is relative,"
    echo "69 none was running, 75 it has not ended."
    exit 0
    ;;
  *) fail 64 "$1: takes no arguments" ;;
esac

[[ $run == /* ]] || fail 64 "run directory $run: the path is not absolute"
lock=$run/locks/cluster
if [ ! -e "$lock" ] || flock -s -n "$lock" true; then
  fail 69 "stop in $run: no cluster is running there"
fi
# Whoever holds the name holds the lock, and its pid is in it.
pid=$(sed -n 2p "$lock")
[[ $pid =~ ^[1-9][0-9]*$ ]] ||
  fail 75 "stop in $run: its file 'locks/cluster' does not say yet which process to end"
# It may just have ended by itself.
kill -TERM "$pid" 2>/dev/null || true
flock -s -w 30 "$lock" true || fail 75 "stop in $run: process $pid has not ended after 30 s"
