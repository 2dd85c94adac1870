#!/usr/bin/env bash
# Shows that the simulation bites: puts one bug after another into a copy of the sources, and looks
# whether it is found. A mutant is a patch whose first line says what is wrong with it. They are built
# for debugging, which takes the least time in all.
set -euo pipefail
# With it, cd goes elsewhere.
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
seeds=${SEEDS:-1000}
copy=$root/.build/mutants
# With it warnings are errors, and a bug may leave something unused.
unset CI
mkdir -p "$copy"
rm -rf "$copy/Sources" "$copy/Tests"
# Built in one place each time, little has to be built anew.
cp -a "$root/Package.swift" "$root/Package.resolved" "$root/Sources" "$root/Tests" "$copy"

build() {
  swift build --package-path "$copy" --product xodb-simulate >"$copy/log" 2>&1 ||
    { cat "$copy/log" >&2 && exit 1; }
}

build
missed=0
for mutant in "$here"/mutants/*.patch; do
  patch -s -d "$copy" -p1 <"$mutant"
  build
  bug="$(basename "$mutant" .patch): $(head -n 1 "$mutant")"
  # The other world would only take time.
  world=cluster
  [[ $mutant != */circle-* ]] || world=circle
  if found=$("$copy/.build/debug/xodb-simulate" --world "$world" --seeds "$seeds" 2>&1 >"$copy/history"); then
    echo "not found: $bug"
    missed=1
  else
    echo "found:     $bug"
    echo "           ${found#xodb-simulate: }"
  fi
  patch -s -R -d "$copy" -p1 <"$mutant"
done
exit "$missed"
