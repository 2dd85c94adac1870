# Hosts for the tests: network namespaces, each with an address of its own on one switch, whose links
# can be cut. Nothing of it is reachable from the machine itself, or from another test's hosts.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with the tests

# Makes hosts, the first of which has the address 10.77.0.1, and for each a run directory.
# Where this is not allowed, the test is skipped.
set_up_hosts() { # HOST...
  local host number=0
  net=xodb-$$-$RANDOM
  hosts=()
  if ! ip netns add "$net-switch" 2>"$work/ip.err"; then
    skip "network namespaces are not allowed here: $(head -n 1 "$work/ip.err")"
  fi
  ip -n "$net-switch" link add switch type bridge
  ip -n "$net-switch" link set switch up
  for host in "$@"; do
    number=$((number + 1))
    hosts+=("$host")
    ip netns add "$net-$host"
    ip link add eth0 netns "$net-$host" type veth peer name "port-$host" netns "$net-switch"
    ip -n "$net-switch" link set dev "port-$host" master switch up
    ip -n "$net-$host" link set lo up
    ip -n "$net-$host" link set eth0 up
    ip -n "$net-$host" address add "10.77.0.$number/24" dev eth0
    mkdir -m 700 "$XODB_RUN/$host"
  done
}

# Ends what runs on the hosts, and removes them; also what a test has left half made.
tear_down_hosts() {
  local host
  [ -n "${net-}" ] || return 0
  for host in "${hosts[@]}"; do
    kill_host "$host"
    ip netns delete "$net-$host" 2>/dev/null || true
  done
  ip netns delete "$net-switch" 2>/dev/null || true
}

# Runs a command on a host.
on() { # HOST COMMAND...
  local host=$1
  shift
  XODB_RUN=$XODB_RUN/$host ip netns exec "$net-$host" "$@"
}

# Starts a command on a host, as `start` does.
start_on() { # HOST NAME COMMAND...
  local host=$1 name=$2
  shift 2
  start "$name" env XODB_RUN="$XODB_RUN/$host" ip netns exec "$net-$host" "$@"
}

# Kills everything on a host at once.
kill_host() { # HOST
  local pids
  mapfile -t pids < <(ip netns pids "$net-$1" 2>/dev/null)
  [ "${#pids[@]}" -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
}

# Takes a host off the switch, which neither side is told: nothing arrives any more.
cut() { # HOST
  ip -n "$net-switch" link set dev "port-$1" nomaster
}

heal() { # HOST
  ip -n "$net-switch" link set dev "port-$1" master switch
}
