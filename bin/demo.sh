#!/usr/bin/env bash
# Shows what XODB does, on this machine's own list of packages: a cluster, queries through pipes, and
# a worker killed in the middle of a query whose answer arrives all the same.
set -euo pipefail

usage() {
  echo "usage: ${0##*/}   shows a cluster at work, in a directory of its own"
  exit "$1"
}

case ${1-} in
  '') ;;
  -h | --help) usage 0 ;;
  *) usage 64 >&2 ;;
esac

here=$(dirname "$(readlink -f "$0")")
export PATH=$here:$PATH
# Installed, the scripts have other names.
start=start.sh stop=stop.sh packages=packages.sh
[ -x "$here/start.sh" ] || start=xodb-start stop=xodb-stop packages=xodb-packages

work=$(mktemp -d /tmp/xodb-demo.XXXXXX)
export XODB_RUN=$work/run
events=
finish() {
  [ -z "$events" ] || kill "$events" 2>/dev/null || true
  "$stop" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

say() { printf '\n\033[1m# %s\033[0m\n' "$1"; }
show() { # COMMAND
  printf '$ %s\n' "$1"
  bash -c "$1"
}

say "A database of real data: the packages of this machine"
mkdir "$work/data"
export DB=$work/data/packages.db
"$packages" "$DB"
sqlite3 "$DB" "select count(*) || ' packages, ' || (select count(*) from dependency) || ' dependencies' from package"

say "A cluster on it: one router, two workers, their supervisors"
show "$start -w 2 ${work}/data"

say "Queries through pipes"
show "xodb-req --databases -f table"
show "xodb-req -d packages -f table 'select section, count(*) as packages, sum(kib)/1024 as MiB from package group by 1 order by 3 desc limit 5'"
show "xodb-req -d packages -f tsv 'select name from package order by kib desc limit 3' | xodb-req -d packages --each 'select ?1 as package, count(*) as needed_by from dependency where needs = ?1'"
show "xodb-req -d packages 'select version from package where name = ?1' libc6 | jq -r .version"

say "A worker is killed in the middle of a query; the answer arrives all the same"
# A question that takes a while.
slow='with recursive n(i) as (values(0) union all select i + 1 from n where i < 20000000) select count(*) as counted, (select count(*) from package) as packages from n'
# shellcheck disable=SC2016
printf '$ xodb-events worker. request. &\n$ xodb-req -d packages "$slow" &   # %s\n' "$slow"
xodb-events worker. request. > >(sed -u 's/^/  /') &
events=$!
sleep 0.3
xodb-req -d packages "$slow" &
request=$!
victim=
for _ in $(seq 100); do
  # The one that works: the kernel says that it is running.
  victim=$(ps -o pid=,stat=,args= -C xodb-worker | awk -v data="$work/data" '$2 ~ /^R/ && index($0, data) { print $1; exit }')
  [ -z "$victim" ] || break
  sleep 0.02
done
sleep 0.1
printf '$ kill -9 %s\n' "$victim"
kill -9 "$victim"
wait "$request"
sleep 0.2

say "Ended"
show "$stop"
