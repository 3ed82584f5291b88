# The daily words. `make run` and `make test` do all the set-up on a fresh Debian 12 with git and make, as root or with sudo.
SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
# CI systems set CI; there a warning is an error, the rooms are compiled in heaps of files, and the tests with our headers precompiled.
STRICT := $(if $(CI),-DSLUICE_WERROR=ON -DSLUICE_UNITY=ON -DSLUICE_PRECOMPILED=ON)
# Nobody debugs CI's release program, and a fifth of the time to compile it goes into what debuggers read.
LEAN := $(if $(CI),-DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O2 -DNDEBUG")

BUILD_PACKAGES := build-essential cmake ninja-build ccache pkg-config ca-certificates \
  libboost1.81-dev libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev nlohmann-json3-dev liblmdb-dev \
  libcli11-dev libspdlog-dev libfmt-dev libnghttp2-dev libre2-dev libssl-dev liblz4-dev libzstd-dev libsnappy-dev zlib1g-dev libisal-dev
TEST_PACKAGES := doctest-dev python3-venv curl
CLIENT_PACKAGES := kcat
FORMAT_PACKAGES := clang-format-19
FUZZ_PACKAGES := clang-19 libclang-rt-19-dev
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

# Installs what is missing and nothing else: a second call asks dpkg and is done.
define install
	@missing=""; for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing:$$missing"; $(SUDO) apt-get update -q && \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; fi
endef

.PHONY: help run build test format-check unit clients test-clients clients-asan sim chaos kafka-diff crash planted power soak tsan fuzz tidy bench deps test-deps clean format
help:
	@echo "make run       build and start the server (4567 Kinesis, 9092 Kafka, 7070 control), data in ./data"
	@echo "make test      all tests: rooms under sanitizers, then real clients against the release program"
	@echo "make unit      the rooms' tests alone            make clients   the real clients alone"
	@echo "make test-clients   the real clients, also in other languages (npm, mvn, go, cargo)"
	@echo "make crash     hundreds of kills under load, and the start with 5 GB stored"
	@echo "make tsan      what threads share, under the thread sanitizer"
	@echo "make fuzz      looks for new ways to break it    make build     the program: build/release/sluice"
	@echo "make bench     figures beside the peers (slow)"
	@echo "make sim       random histories against a model, SECONDS=600"
	@echo "make chaos     everything at once, cut off in the middle, under sanitizers, SECONDS=600 SEED="
	@echo "make kafka-diff   random histories on Apache Kafka and on sluice, answers compared, SECONDS=600 SEED="
	@echo "make planted   each planted bug is found: docs/testing.md"
	@echo "make tidy      clang-tidy                        make format    lays the code out as .clang-format says"
	@echo "make power     1,000 power cuts by replay        make soak      retention turns a file over: MINUTES=10"

deps:
	$(call install,$(BUILD_PACKAGES))
test-deps:
	$(call install,$(BUILD_PACKAGES) $(TEST_PACKAGES))

build: deps
	@[ -f build/release/build.ninja ] || cmake --preset release -DSLUICE_TESTS=OFF $(STRICT) $(LEAN)
	@cmake --build build/release -j $(JOBS) --target sluice

run: build
	build/release/sluice serve $(ARGS)

# The rooms' tests run under address and undefined-behaviour sanitizers; counts end up in build/counts.
unit: test-deps
	@[ -f build/dev/build.ninja ] || cmake --preset dev $(STRICT)
	@cmake --build build/dev -j $(JOBS) --target protocol_tests storage_tests power_tests emulator_tests fuzz_tests
	@tests/count.sh unit build/dev/protocol_tests build/dev/storage_tests build/dev/power_tests build/dev/emulator_tests build/dev/fuzz_tests
	@SLUICE_TEST_STORE=disk tests/count.sh unit build/dev/emulator_tests

.venv/ready: tests/clients/requirements.txt
	/usr/bin/python3 -m venv .venv
	.venv/bin/pip install -q --disable-pip-version-check -r tests/clients/requirements.txt
	@touch $@

clients: test-deps build .venv/ready
	@tests/count.sh clients .venv/bin/python -m pytest -q tests/clients

# The same server with clients of other languages, each from its own registry; what is missing to build one is named.
test-clients: test-deps build .venv/ready
	$(call install,$(CLIENT_PACKAGES))
	@tests/count.sh clients .venv/bin/python -m pytest -q -rs tests/clients tests/clients/languages

# Random histories of both protocols against a model (docs/testing.md). FROM gives other seeds than the last time; `make test`
# always begins with the first, so that it finds today what it found yesterday.
sim: SECONDS ?= 600
sim: FROM ?= $(shell date +%s)000
sim: build
	@cmake --build build/release -j $(JOBS) --target sim
	@tests/count.sh unit "build/release/sim --seconds $(SECONDS) --from $(FROM)"

# Twenty-one connections do everything at once and are cut off in the middle (docs/testing.md). Without SEED each run
# draws others; `make test` always draws the same.
chaos: SECONDS ?= 600
chaos: SEED ?= $(shell date +%s)
chaos: test-deps
	@[ -f build/dev/build.ninja ] || cmake --preset dev $(STRICT)
	@cmake --build build/dev -j $(JOBS) --target sluice
	@tests/count.sh unit "/usr/bin/python3 tests/chaos/chaos.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(ARGS)"

# Random histories on a real Apache Kafka and on sluice, whose answers are compared (docs/testing.md). Needs java 17+ and mvn, and 1 GB.
kafka-diff: SECONDS ?= 600
kafka-diff: FROM ?= $(shell date +%s)000
kafka-diff: build
	@cmake --build build/release -j $(JOBS) --target speaker
	/usr/bin/python3 tests/diff/diff.py --seconds $(SECONDS) --from $(FROM) $(if $(SEED),--seed $(SEED)) $(ARGS)

crash: test-deps build .venv/ready
	.venv/bin/python tests/crash/crash.py $(ARGS)
	.venv/bin/python tests/crash/exactly_once.py

# The clients' suites against a server with the sanitizers of `make unit` built in, but those that measure its memory: slower, so
# not part of `make test`.
clients-asan: test-deps .venv/ready
	@[ -f build/dev/build.ninja ] || cmake --preset dev $(STRICT)
	@cmake --build build/dev -j $(JOBS) --target sluice
	SLUICE_PROGRAM=$(CURDIR)/build/dev/sluice .venv/bin/python -m pytest -q -m 'not memory' tests/clients

planted: test-deps .venv/ready
	.venv/bin/python tests/crash/planted.py $(ARGS)

test: test-deps
	@rm -rf build/counts
	@$(MAKE) --no-print-directory format-check
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory sim SECONDS=60 FROM=1
	@$(MAKE) --no-print-directory chaos SECONDS=60 SEED=1
	@$(MAKE) --no-print-directory clients
	@tests/count.sh total

# What threads share (gRPC's threads and the loop, the store's writer thread, readers beside it) under the thread sanitizer.
tsan: test-deps
	@[ -f build/tsan/build.ninja ] || cmake --preset tsan $(STRICT)
	@cmake --build build/tsan -j $(JOBS) --target tsan_tests
	TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp second_deadlock_stack=1" build/tsan/tsan_tests

# Looks for inputs that break a promise of tests/fuzz, SECONDS for each target: make fuzz SECONDS=600 TARGETS='json cbor'
SECONDS ?= 60
TARGETS ?=
fuzz: deps
	$(call install,$(FUZZ_PACKAGES))
	@[ -f build/fuzz/build.ninja ] || cmake --preset fuzz
	@cmake --build build/fuzz -j $(JOBS)
	@tests/fuzz/run.sh $(SECONDS) $(TARGETS)

# What clang-tidy finds with the checks of .clang-tidy is an error.
tidy: deps
	$(call install,$(FUZZ_PACKAGES) clang-tidy-19)
	@[ -f build/fuzz/build.ninja ] || cmake --preset fuzz
	@cmake --build build/fuzz -j $(JOBS) --target generated
	run-clang-tidy-19 -quiet -p build/fuzz -j $(JOBS) '/(emulator|protocol|storage)/[^/]*(/[^/]*)?\.cpp$$' 2>/dev/null

# One way to lay out code. `make test` refuses what `make format` would change.
format: deps
	$(call install,$(FORMAT_PACKAGES))
	@git ls-files '*.h' '*.cpp' '*.c' | xargs clang-format-19 -i

format-check: deps
	$(call install,$(FORMAT_PACKAGES))
	@git ls-files '*.h' '*.cpp' '*.c' | xargs clang-format-19 --dry-run --Werror || { echo "say: make format"; exit 1; }

bench: build
	/usr/bin/python3 bench/run.py $(ARGS)

# What a power cut can leave of the files, at CUTS moments; `make test` does 150 of them.
CUTS ?= 1000
power: test-deps
	@[ -f build/dev/build.ninja ] || cmake --preset dev
	@cmake --build build/dev -j $(JOBS) --target power_tests
	POWER_CUTS=$(CUTS) build/dev/power_tests

MINUTES ?= 10
soak: build
	/usr/bin/python3 bench/soak.py --minutes $(MINUTES) $(ARGS)

clean:
	rm -rf build .venv
