#!/usr/bin/env bash
# Starts a cluster on a directory of SQLite files: a supervised router and supervised workers, under
# one outer supervisor. Returns when the router and its workers answer, or says why not.
set -euo pipefail
# Otherwise pipes and files would take the numbers of those that are closed. In place of the third,
# bash may have this script there.
[ -e /dev/fd/0 ] || exec </dev/null
[ -e /dev/fd/1 ] || exec >/dev/null
[[ -e /dev/fd/2 && ! /dev/fd/2 -ef $0 ]] || exec 2>/dev/null
# With it, cd goes elsewhere.
unset CDPATH

usage() {
  cat <<EOF
usage: ${0##*/} [-w WORKERS] [-t [ENDPOINT]] [-R OPTIONS] [-W OPTIONS] DATA_DIR

  -w WORKERS   how many workers (default: one more than there are processors,
               48 at most)
  -t ENDPOINT  listen for clients on loopback tcp as well (default tcp://127.0.0.1:13579)
  -R OPTIONS   further options for xodb-router, such as '--reserve 1'
  -W OPTIONS   further options for each xodb-worker, such as '--memory 512'

The run directory is \$XODB_RUN, otherwise \$XDG_RUNTIME_DIR/xodb, otherwise /tmp/xodb-UID.
Exit status: 0 the cluster answers, 64 wrong arguments, or a run directory whose path is relative or
too long, 66 no such directory, 69 it does not answer, 73 one is running there already, or the run
directory is a symbolic link or cannot be made, 74 it is full, 77 an address that other hosts could
reach, or a run directory that others could enter.
EOF
}

fail() { # STATUS WHAT: WHY
  echo "${0##*/}: $2" >&2
  exit "$1"
}

# More need more inotify instances than Linux gives a user by default.
workers=$(($(nproc) < 48 ? $(nproc) + 1 : 48))
tcp=
router_options=
worker_options=
data=
while [ $# -gt 0 ]; do
  case $1 in
    -w)
      [ $# -ge 2 ] || fail 64 "-w: needs a number"
      workers=$2
      shift
      ;;
    -t)
      tcp=tcp://127.0.0.1:13579
      case ${2-} in
        *://*)
          tcp=$2
          shift
          ;;
      esac
      ;;
    -R | -W)
      [ $# -ge 2 ] || fail 64 "$1: needs options"
      case $1 in
        -R) router_options=$2 ;;
        -W) worker_options=$2 ;;
      esac
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*) fail 64 "$1: no such option (see ${0##*/} --help)" ;;
    *)
      [ -z "$data" ] || fail 64 "$1: one data directory, please"
      data=$1
      ;;
  esac
  shift
done
[ -n "$data" ] || {
  usage >&2
  exit 64
}
[[ $workers =~ ^[1-9][0-9]{0,2}$ && $workers -le 512 ]] ||
  fail 64 "-w $workers: not a number from 1 to 512"
case $tcp in
  '' | tcp://127.*) ;;
  *) fail 77 "-t $tcp: only loopback addresses (tcp://127.0.0.1:PORT) can be listened on" ;;
esac
[[ -z $tcp || ${tcp##*:} =~ ^[1-9][0-9]{0,4}$ && ${tcp##*:} -le 65535 ]] ||
  fail 64 "-t $tcp: the port is not a number from 1 to 65535"
[ -d "$data" ] || fail 66 "open $data: not a directory"
data=$(cd -- "$data" && pwd)

here=$(dirname "$(readlink -f "$0")")
[ -x "$here/xodb-supervise" ] || fail 69 "find xodb-supervise in $here: run make first"
export PATH=$here:$PATH
run=${XODB_RUN:-${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/xodb}}
run=${run:-/tmp/xodb-$(id -u)}
export XODB_RUN=$run

[[ $run == /* ]] || fail 64 "run directory $run: the path is not absolute"
bytes=$(printf %s "$run" | wc -c)
[ "$bytes" -le 67 ] ||
  fail 64 "run directory $run: the path has $bytes bytes; sockets in it need it to have 67 at most"
[ ! -L "$run" ] || fail 73 "run directory $run: it is a symbolic link"
[ -d "$run" ] || mkdir -m 700 -- "$run" || fail 73 "make the run directory $run: see above"
[ -O "$run" ] || fail 77 "run directory $run: it belongs to somebody else"
mode=$(stat -c %a "$run")
[ "$mode" = 700 ] || fail 77 "run directory $run: others may enter it: its mode is $mode, not 700"
# One start at a time; what runs already holds the lock of its name.
exec 9>"$run/start.lock"
flock -n 9 || fail 73 "start in $run: another start is under way"
if [ -e "$run/locks/cluster" ] && ! flock -s -n "$run/locks/cluster" true; then
  fail 73 "start in $run: a cluster is already running there"
fi
# Nothing could be said in its log either if there were no room.
echo "$$" >&9 || fail 74 "write $run/start.lock: see above"

# The outer supervisor's two children find out by their names which they are.
# shellcheck disable=SC2016
role='set -f # options are split into words, and no more
case $XODB_NAME in
  cluster-1) exec xodb-supervise --name router -- xodb-router ${tcp:+--bind "$tcp"} $router_options ;;
  cluster-2) exec xodb-supervise --name workers -n "$workers" -- xodb-worker --data "$data" $worker_options ;;
esac'
log=$run/log
ready=$run/ready
rm -f "$ready"
mkfifo -m 600 "$ready"
# Opened for both first, so that neither side waits for the other; then only the cluster can write,
# and what it goes on saying goes nowhere once this script has ended.
# shellcheck disable=SC2094
exec 6<>"$ready" 7<"$ready" 8>"$ready" 6>&-
rm "$ready"
(
  unset XODB_NAME XODB_GENERATION XODB_SUPERVISOR XODB_GRACE_MS XODB_LIFELINE_FD XODB_PID
  export tcp workers data router_options worker_options XODB_READY_FD=3
  # What this script has open, and what it was given, is not the cluster's: a lock, say, or a pipe.
  for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    [ "$fd" -le 3 ] || eval "exec $fd>&-"
  done
  exec setsid xodb-supervise --name cluster -n 2 --grace 15 -- sh -c "$role"
) </dev/null >"$log" 2>&1 3>&8 &
pid=$!
exec 8>&-
# Until it answers, whatever ends this script ends the cluster too.
trap '! kill -TERM "$pid" 2>/dev/null || flock -s -w 20 "$run/locks/cluster" true || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

give_up() { # WHY
  # Whoever is started again and again says the same.
  awk '!said[$0]++ { print "  " $0 }' "$log" >&2
  fail 69 "start on $data: $1"
}

# A line comes when all are ready, the end of the pipe when the supervisor has ended.
if ! read -r -t 10 <&7; then
  give_up "the cluster did not become ready; its log says the above"
fi
# The list comes when the workers have looked which files there are, in whatever state those may be.
served=$(xodb-req --databases -f tsv | awk -F '\t' '$3 == "\\N" { n++ } END { print n + 0 }') ||
  give_up "the router does not answer"
[ -n "$(xodb-req --show workers -f tsv)" ] || give_up "no worker has come to the router"
[ "$served" -gt 0 ] ||
  echo "${0##*/}: $data holds no SQLite file yet; those that appear will be served" >&2
trap - EXIT
