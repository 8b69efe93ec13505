# Live tests (tests/live): what they run. Included by the Makefile.
LIVE := build/live
TRACEES := $(patsubst tests/live/tracees/%.c,$(LIVE)/%,$(wildcard tests/live/tracees/*.c))
TRACEE_FLAGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror -O1 -g -pthread

# One program, without debug information and symbols, and with 32 bits.
TRACEES += $(LIVE)/deep_bare $(LIVE)/deep_32
$(LIVE)/deep_bare $(LIVE)/deep_32: tests/live/tracees/deep.c
	@mkdir -p $(@D)
	gcc $(TRACEE_FLAGS) -o $@ $<
$(LIVE)/deep_bare: TRACEE_FLAGS += -g0 -s
$(LIVE)/deep_32: TRACEE_FLAGS += -m32

$(LIVE)/static32 $(LIVE)/tampered32: TRACEE_FLAGS += -m32 -static -D_FILE_OFFSET_BITS=64
$(LIVE)/%: tests/live/tracees/%.c tests/live/tracees/trap.h
	@mkdir -p $(@D)
	gcc $(TRACEE_FLAGS) -o $@ $<
$(LIVE)/process.so: tests/live/process.c
	@mkdir -p $(@D)
	gcc $(TRACEE_FLAGS) $(LUA_CFLAGS) -fPIC -shared -o $@ $<

.PHONY: live test-live test-live-sanitized
live: $(TRACEES) $(LIVE)/process.so
test-live: $(PROGRAM) live
	COMPENDIUM=$(PROGRAM) busted tests/live
# The same with AddressSanitizer and UndefinedBehaviorSanitizer.
test-live-sanitized:
	@vendor/install build test
	$(MAKE) test-programs
	$(MAKE) B=build/asan SAN=address,undefined
	SLOW=10 COMPENDIUM=build/asan/compendium busted tests/live

# Longer than `make test` has time for: many seeds of chaos, all that memory may not grow with, CPython's tests.
.PHONY: chaos test-memory test-cpython
RUNS ?= 1000
chaos: $(PROGRAM) live
	RUNS=$(RUNS) COMPENDIUM=$(PROGRAM) busted tests/live/chaos_spec.lua
test-memory: $(PROGRAM) live
	FULL=1 SLOW=30 COMPENDIUM=$(PROGRAM) busted tests/live/growth_spec.lua tests/live/faults_spec.lua
test-cpython: $(PROGRAM)
	@/usr/bin/python3 -c 'import test.test_os' 2>/dev/null || vendor/install cpython
	COMPENDIUM=$(PROGRAM) tests/live/cpython
