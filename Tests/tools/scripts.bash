# Clusters for the tests that bin/start.sh composes.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with the tests

# As `set_up_run`; also puts the scripts on the path and makes a directory for databases, $data.
set_up_scripts() {
  set_up_run
  bin=$(cd "$BATS_TEST_DIRNAME/../../bin" && pwd)
  PATH=$bin:$PATH
  data=$work/data
  mkdir "$data"
}

tear_down_scripts() {
  kill_cluster
  tear_down_run
}
