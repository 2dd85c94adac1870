#!/usr/bin/env bash
# Makes a database of this machine's own list of packages: real data that every Debian has.
set -euo pipefail
# With it, cd goes elsewhere.
unset CDPATH

usage() {
  echo "usage: ${0##*/} FILE   makes FILE, a database of the packages of this machine"
  echo "Exit status: 0 it is made, 64 wrong arguments, 73 it is there already or cannot be made."
  exit "$1"
}

[ $# -eq 1 ] || usage 64 >&2
case $1 in
  -h | --help) usage 0 ;;
  '' | -* | */) usage 64 >&2 ;;
esac
file=$1
[ ! -e "$file" ] || {
  echo "${0##*/}: make $file: it is there already" >&2
  exit 73
}
# Beside it, and hidden, so that it is there whole or not at all.
work=$(mktemp -d "$(dirname "$file")/.packages.XXXXXX") || {
  echo "${0##*/}: make $file: see above" >&2
  exit 73
}
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2016
field='${Package}\t${Version}\t${Installed-Size}\t${Section}\t${Pre-Depends}, ${Depends}\n'
dpkg-query -W -f "$field" >"$work/list"
# Names may have a version or an architecture behind them, and alternatives beside them.
awk -F '\t' -v OFS='\t' '{
  n = split($5, parts, /[,|]/)
  for (i = 1; i <= n; i++) {
    sub(/^ +/, "", parts[i]); sub(/[ :(].*/, "", parts[i])
    if (parts[i] != "" && !seen[$1, parts[i]]++) print $1, parts[i]
  }
}' "$work/list" >"$work/dependencies"
cut -f 1-4 "$work/list" >"$work/packages"
# From there, as the shell of SQLite takes paths apart.
(cd "$work" && sqlite3 new.db) <<EOF
create table package(name text primary key, version text, kib integer, section text);
create table dependency(package text, needs text, primary key (package, needs)) without rowid;
.mode tabs
.import packages package
.import dependencies dependency
EOF
mv -T "$work/new.db" "$file" || {
  echo "${0##*/}: make $file: see above" >&2
  exit 73
}
