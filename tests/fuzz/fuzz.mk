# Fuzzing (tests/fuzz): `make fuzz [FUZZ_SECONDS=60] [FUZZ_TARGETS="proc yaml"]`. Included by the Makefile.
# Everything is built by clang a second time, with the sanitizers, in a folder of its own.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(sort $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c)))
FUZZ_PARTS := $(addprefix $(B)/tests/fuzz/,walk.o lua_state.o fuzz_host.o)
FUZZ_MAKE := $(MAKE) --no-print-directory CC=clang B=build/fuzz SAN=fuzzer-no-link,address,undefined

# These are made within build/fuzz.
.PHONY: fuzz-targets
fuzz-targets: $(addprefix $(B)/fuzz-,$(FUZZ_TARGETS))
	@:
$(B)/fuzz-%: $(B)/tests/fuzz/%_fuzz.o $(FUZZ_PARTS) $(LIBRARY) $(B)/link.txt
	$(call say,link)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(LIBS)
$(B)/tests/fuzz/bpf_fuzz.o: $(B)/gen/capture.skel.h
-include $(wildcard $(B)/tests/fuzz/*.d)
.SECONDARY: $(FUZZ_PARTS) $(patsubst %,$(B)/tests/fuzz/%_fuzz.o,$(FUZZ_TARGETS))

.PHONY: fuzz fuzz-programs fuzz-programs-if-any
fuzz-programs:
	+@$(FUZZ_MAKE) fuzz-targets
# For `make test`: where clang or its libFuzzer is missing there are none, and tests/run says so.
fuzz-programs-if-any:
	@mkdir -p build/fuzz
	+@if echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | \
		clang -fsanitize=fuzzer,address -x c -o build/fuzz/probe - 2>build/fuzz/probe.txt; then \
		$(FUZZ_MAKE) fuzz-targets; fi
fuzz:
	@vendor/install build test
	@$(MAKE) --no-print-directory fuzz-programs
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# Makes seeds of real traces: build/fuzz-seeds FILE COMMAND [ARG...]
$(B)/fuzz-seeds: tests/fuzz/seeds.c $(LIBRARY) $(B)/link.txt
	$(call say,link)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIBRARY) $(LIBS)
