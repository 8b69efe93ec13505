# SPDX-License-Identifier: MIT
#
# Recordings of small programs (tests/lua/recorded), made here and now: tests of the library replay them, so they
# need no right to trace, and what they look at is what the kernel said. Each program works in a folder of its own.
# By ptrace, as bpf tells of a child's end after the wait of its parent that it ended.
RECORDINGS := $(patsubst tests/lua/recorded/%.c,$(B)/recordings/%.cpd,$(wildcard tests/lua/recorded/*.c))
.SECONDARY: $(RECORDINGS:.cpd=)

$(B)/recordings/%: tests/lua/recorded/%.c
	@mkdir -p $(@D)
	$(call say,compile)
	$(Q)gcc -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O1 -g -pthread -o $@ $<

$(B)/recordings/%.cpd: $(B)/recordings/% $(PROGRAM)
	$(call say,record)
	$(Q)rm -rf $@ $@.d && mkdir $@.d && cd $@.d && $(abspath $(PROGRAM)) -q --backend ptrace --record ../$(@F) -- ../$(<F) 2>../$(<F).log || \
		{ cat ../$(<F).log; exit 1; }

.PHONY: recordings
recordings: $(RECORDINGS)
