# make            builds the tools; they are then reachable as bin/xodb-*
# make demo       shows them at work
# make test       runs all tests
# make chaos      makes trouble in a cluster under load for SECONDS (default 60) and checks every answer
# make fuzz       feeds CASES (default 1000000) of random and mutated traffic to all that reads it
# make simulate   simulates clusters, from SEEDS=10000 seeds or as many as are wanted
# make mutants    shows that the simulation finds bugs
# make bench      measures XODB beside what one would use instead, in RUNS=5 rounds; ONLY="1 3" names
#                 cases, LONG=1 adds a table of 100,000,000 rows, BASELINE=FILE compares
# make lint       checks formats and scripts
# make install    puts tools and scripts below PREFIX (default /usr/local)

PREFIX ?= /usr/local
SWIFT ?= swift
TOOLS := xodb-router xodb-worker xodb-supervise xodb-events xodb-req xodb-node
SCRIPTS := start stop demo packages
# Statically linked, a tool starts in a third of the time.
FLAGS := -c release --static-swift-stdlib
# How many simulated clusters; from 10000 on, each transition must be taken.
SEEDS ?= 10000
ROOT := $(if $(filter 0,$(shell id -u)),,sudo)

# Installs the Debian packages that are missing; asks nothing of a machine that has them all.
define need
	@missing=$$(for package in $(1); do \
	  dpkg-query -W -f '$${Status}\n' $$package 2>/dev/null | grep -q ' installed$$' || echo $$package; \
	done); \
	if [ -n "$$missing" ]; then \
	  echo "installing" $$missing; \
	  $(ROOT) apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive $(ROOT) apt-get install -y -qq $$missing; \
	fi
endef

SECONDS ?= 60
CASES ?= 1000000

# The benchmark's own programs: clients, a broker to compare with, a stop watch.
BENCH := $(patsubst Tests/bench/%.c,.build/bench/%,$(wildcard Tests/bench/*.c))

.PHONY: build demo test unit-test simulate mutants tool-test chaos fuzz bench bench-programs lint \
  install clean

build:
	$(call need,libzmq3-dev libsqlite3-dev)
	@command -v $(SWIFT) >/dev/null || \
	  { echo "make: swift: not found; get Swift 6.2 or newer from https://swift.org/install" >&2; exit 69; }
	$(SWIFT) build $(FLAGS)
	@for tool in $(TOOLS); do ln -sf ../.build/release/$$tool bin/$$tool; done

demo: build
	$(call need,sqlite3 jq procps)
	bin/demo.sh

test: unit-test simulate mutants tool-test

unit-test: build
	$(SWIFT) test

simulate: build
	.build/release/xodb-simulate --seeds $(SEEDS)

mutants: build
	$(call need,patch)
	Tests/Simulation/mutants.sh

tool-test: build bench-programs
	$(call need,bats gcc sqlite3 jq procps iproute2 python3 python3-zmq valgrind)
	BATS_TEST_TIMEOUT=300 bats --timing Tests/tools

chaos: build
	$(call need,sqlite3 python3 python3-zmq)
	/usr/bin/python3 -B Tests/chaos/chaos.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

fuzz: build
	.build/release/xodb-fuzz --cases $(CASES) $(if $(SEED),--seed $(SEED))

bench: build bench-programs
	$(call need,sqlite3 python3 valgrind binutils)
	/usr/bin/python3 -B Tests/bench/bench.py $(if $(ONLY),--only "$(ONLY)") \
	  $(if $(RUNS),--runs $(RUNS)) $(if $(LONG),--long) $(if $(BASELINE),--baseline "$(BASELINE)")

bench-programs: $(BENCH)

.build/bench/%: Tests/bench/%.c Tests/bench/load.h
	$(call need,gcc libzmq3-dev libsqlite3-dev)
	@mkdir -p $(@D)
	gcc -O2 -Wall -Wextra -Werror -pthread -o $@ $< -lzmq -lsqlite3

lint:
	$(call need,shellcheck shfmt)
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift
	shellcheck bin/*.sh .ci/run Tests/Simulation/*.sh Tests/tools/*.bats Tests/tools/*.bash
	shfmt -i 2 -ci -d bin/*.sh .ci/run Tests/Simulation/*.sh Tests/tools/*.bats Tests/tools/*.bash

install: build
	install -d $(DESTDIR)$(PREFIX)/bin
	install $(TOOLS:%=.build/release/%) $(DESTDIR)$(PREFIX)/bin
	for script in $(SCRIPTS); do install bin/$$script.sh $(DESTDIR)$(PREFIX)/bin/xodb-$$script; done

clean:
	rm -rf .build $(TOOLS:%=bin/%)
