# compendium. `make run` and `make test` install what is missing; see vendor/.
#   make            build ./compendium           make run      install, build, trace a real program
#   make test       all tests                    make lint     compilers, tidy, cppcheck, luacheck, house rules
#   make fuzz [FUZZ_SECONDS=60]                  feeds hostile bytes to all that reads them, see tests/README.md
#   make api        writes the reference of the scripts' API into scripts/README.md
#   make install PREFIX=/usr/local DESTDIR=      make fmt      format the C files that differ from main
#   make B=build/asan SAN=address,undefined      a build with sanitizers, in a folder of its own
#   make V=1        shows the commands
B       ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
SAN     ?=
CFLAGS  ?= -O2 -g
ifeq ($(origin CC),default)
CC      := gcc
endif

LUA_CFLAGS := -I/usr/include/lua5.4
WARNINGS   := -Wall -Wextra -Wshadow -Werror
override CFLAGS += -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -Isrc -I$(B)/gen $(LUA_CFLAGS)
ifneq ($(SAN),)
override CFLAGS  += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
override LDFLAGS += -fsanitize=$(SAN)
endif
Q       := $(if $(V),,@)
say      = $(if $(V),@:,@printf '  %-8s %s\n' $(1) $@)
# Lua, cjson, libyaml, libzstd, libbpf and libdw are linked in: the program needs the C library alone (its libm cannot
# be static in a program that is not).
LIBS    := -l:liblua5.4.a -l:liblua5.4-cjson.a -l:libyaml.a -l:libbpf.a -l:libdw.a -l:libelf.a -l:libz.a -l:liblzma.a \
	-l:libbz2.a -l:libzstd.a -lm
PROGRAM := $(if $(filter build,$(B)),compendium,$(B)/compendium)

SOURCES := $(filter-out src/generate.c %.bpf.c,$(sort $(shell find src -name '*.c')))
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
LIBRARY := $(filter-out $(B)/src/main.o,$(OBJECTS)) $(B)/gen/embedded.o
EMBED   := $(sort $(wildcard lua/*.lua lua/*/*.lua scripts/*.lua))
# The page of --report in two halves. It is built by npm, so without that, or without the page's sources, there is
# none: then --report says so. REPORT_HTML=folder takes one that was built elsewhere.
REPORT_HTML ?= $(if $(wildcard report/package.json),$(if $(shell command -v npm),build/report))
PAGE    := $(if $(REPORT_HTML),$(REPORT_HTML)/head.html $(REPORT_HTML)/tail.html)
EMBED_PAGE := $(foreach half,$(PAGE),report/$(notdir $(half))=$(half))

.PHONY: all
all: $(PROGRAM) build/docs/compendium.1 build/docs/compendium.schema.json build/docs/types/compendium.lua

$(PROGRAM): $(B)/src/main.o $(LIBRARY) $(B)/link.txt
	$(call say,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

$(B)/%.o: %.c $(B)/compile.txt
	@mkdir -p $(@D)
	$(call say,compile)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# A file that holds a setting of this Makefile, written anew only when the setting is another one: what
# depends on it is built again after `make CC=clang`, or when a file was added or removed.
setting = $(shell mkdir -p $(dir $(1)) && { printf '%s\n' '$(2)' | cmp -s - $(1) || printf '%s\n' '$(2)' > $(1); })
$(call setting,$(B)/compile.txt,$(CC) $(CFLAGS))
$(call setting,$(B)/link.txt,$(CC) $(LDFLAGS) $(OBJECTS))
$(call setting,$(B)/gen/embed.txt,$(EMBED) $(EMBED_PAGE))

# Tables become C. The generator runs here and now, so it has flags of its own.
GENERATE := build/generate
$(GENERATE): src/generate.c src/script/yaml.c src/script/yaml.h
	@mkdir -p $(@D)
	$(call say,compile)
	$(Q)$(CC) -O1 -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -Isrc $(LUA_CFLAGS) -o $@ src/generate.c src/script/yaml.c \
		-l:liblua5.4.a -l:libyaml.a -lm

$(B)/gen/syscalls.inc $(B)/gen/constants.inc $(B)/gen/constants_check.inc &: src/syscalls/generate.lua \
		$(wildcard src/syscalls/generate/*.lua src/syscalls/*.yaml) $(GENERATE)
	@mkdir -p $(@D)
	$(call say,generate)
	$(Q)$(GENERATE) $< $(B)/gen/syscalls.inc
$(B)/gen/options.inc: src/options_generate.lua src/options.yaml $(GENERATE)
	@mkdir -p $(@D)
	$(call say,generate)
	$(Q)$(GENERATE) $< c $@
$(B)/gen/embedded.S: src/script/embed.lua $(EMBED) $(PAGE) $(B)/gen/embed.txt $(GENERATE)
	@mkdir -p $(@D)
	$(call say,generate)
	$(Q)$(GENERATE) $< $@ $(EMBED) $(EMBED_PAGE)
$(B)/gen/embedded.o: $(B)/gen/embedded.S $(EMBED) $(PAGE)
	$(call say,compile)
	$(Q)$(CC) -c -o $@ $<

# The programs for the kernel, as bytes in a header. gcc is asked then: before `make run` it may not be here.
BPF_CFLAGS = -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -D__x86_64__ $(WARNINGS) -Wno-unused-parameter -Isrc \
	-isystem /usr/include/$(shell gcc -print-multiarch)
$(B)/gen/%.bpf.o: src/source/bpf/%.bpf.c $(wildcard src/source/bpf/*.h src/*.h) src/syscalls/steps.h
	@mkdir -p $(@D)
	$(call say,compile)
	$(Q)clang $(BPF_CFLAGS) -c -o $@ $<
$(B)/gen/%.skel.h: $(B)/gen/%.bpf.o
	$(call say,generate)
	$(Q)PATH="$$PATH:/usr/sbin" bpftool gen skeleton -L $< name $*_bpf > $@
.PRECIOUS: $(B)/gen/%.bpf.o

SKELETONS := $(patsubst src/source/bpf/%.bpf.c,%.skel.h,$(wildcard src/source/bpf/*.bpf.c))
GENERATED := $(addprefix $(B)/gen/,syscalls.inc constants.inc constants_check.inc options.inc $(SKELETONS))
$(OBJECTS): | $(GENERATED)
-include $(OBJECTS:.o=.d)
.DELETE_ON_ERROR:

# The man page and the completions.
build/docs/compendium.1: FORM := man
build/docs/compendium.bash: FORM := bash
build/docs/_compendium: FORM := zsh
build/docs/compendium.fish: FORM := fish
MANUALS := build/docs/compendium.1 build/docs/compendium.bash build/docs/_compendium build/docs/compendium.fish
$(MANUALS): src/options_generate.lua src/options.yaml $(GENERATE)
	@mkdir -p $(@D)
	$(call say,generate)
	$(Q)$(GENERATE) $< $(FORM) $@
# What --json writes, as a JSON Schema.
SCHEMA := build/docs/compendium.schema.json
$(SCHEMA): src/schema_generate.lua src/library.lua $(wildcard lua/*.lua) $(GENERATE)
	@mkdir -p $(@D)
	$(call say,generate)
	$(Q)$(GENERATE) $< $@
# The API of scripts, for editors. `make api` writes it into scripts/README.md, for people.
TYPES := build/docs/types/compendium.lua
$(TYPES): src/api_generate.lua src/library.lua $(wildcard lua/*.lua) $(GENERATE)
	@mkdir -p $(@D)
	$(call say,generate)
	$(Q)$(GENERATE) $< types $@
.PHONY: api
api: $(GENERATE)
	$(Q)$(GENERATE) src/api_generate.lua reference scripts/README.md
DOCS := $(MANUALS) $(SCHEMA) $(TYPES)

.PHONY: install
install: $(PROGRAM) $(DOCS)
	install -Dm755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/compendium
	install -Dm644 build/docs/compendium.1 $(DESTDIR)$(PREFIX)/share/man/man1/compendium.1
	install -Dm644 build/docs/compendium.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/compendium
	install -Dm644 build/docs/_compendium $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_compendium
	install -Dm644 build/docs/compendium.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/compendium.fish
	install -Dm644 $(SCHEMA) $(DESTDIR)$(PREFIX)/share/compendium/compendium.schema.json
	install -Dm644 $(TYPES) $(DESTDIR)$(PREFIX)/share/compendium/types/compendium.lua

.PHONY: run
run:
	@vendor/install build
	@$(MAKE) --no-print-directory all
	@echo './compendium -- sh -c "sort /etc/passwd | head -n 3"'
	@./compendium -- sh -c 'sort /etc/passwd | head -n 3'

# Unit tests: each tests/unit/NAME_test.c is a cmocka program linked with everything but main.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(wildcard tests/unit/*_test.c)))
$(B)/unit/%: tests/unit/%.c $(LIBRARY) $(B)/link.txt
	@mkdir -p $(@D)
	$(call say,link)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(LIBRARY) -lcmocka $(LIBS)
-include $(UNIT:=.d)

# Runs a Lua script inside a real script host, for tests/lua. Lua's C modules find the API in it.
$(B)/testhost: tests/testhost.c $(LIBRARY) $(B)/link.txt
	$(CC) $(CFLAGS) $(LDFLAGS) -Wl,-E -MMD -MP -o $@ $< -Wl,--whole-archive -l:liblua5.4.a -Wl,--no-whole-archive \
		$(LIBRARY) $(LIBS)
-include $(B)/testhost.d

# What it costs, against others: all of tests/bench/rows.lua, or BENCH="name of a row"; ROUNDS=5.
$(B)/bench/%: tests/bench/%.c $(LIBRARY) $(B)/link.txt
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< $(LIBRARY) $(LIBS)
$(B)/bench/work: tests/bench/work.c $(B)/compile.txt
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pthread -o $@ $<
.PHONY: bench bench-programs bench-recording bench-report
bench-programs: $(B)/bench/dispatch $(B)/bench/work
bench:
	@vendor/install build test bench
	@$(MAKE) --no-print-directory $(PROGRAM) live bench-programs
	@tests/bench/run $(if $(BENCH),"$(BENCH)")
bench-recording: $(PROGRAM) $(B)/bench/record
	tests/bench/recording
bench-report:
	@vendor/install build test
	@$(MAKE) --no-print-directory $(PROGRAM) $(B)/bench/record $(B)/bench/report report-tests
	tests/bench/report
	node tests/bench/report-browser.mjs

# The page of the report, and its tests.
-include report/report.mk

# What the live tests trace.
-include tests/live/tracees.mk

# What tests of the library replay.
include tests/lua/recordings.mk

# What feeds hostile bytes to its parts.
-include tests/fuzz/fuzz.mk

.PHONY: test test-unit unit-programs test-programs
test:
	@vendor/install build test
	@$(MAKE) --no-print-directory test-programs
	@tests/run
# What tests/run runs.
test-programs: $(PROGRAM) $(DOCS) unit-programs $(B)/testhost bench-programs recordings \
		$(if $(wildcard tests/live/tracees.mk),live) \
		$(if $(wildcard tests/fuzz/fuzz.mk),fuzz-programs-if-any) $(if $(PAGE),report-tests)
unit-programs: $(UNIT)
test-unit: $(UNIT)
	@set -e; for t in $(UNIT); do $$t; done

.PHONY: lint fmt
lint:
	@vendor/install build test lint
	@tests/lint
fmt:
	git diff --name-only --diff-filter=d $$(git merge-base HEAD main) -- '*.[ch]' | xargs -r clang-format -i

.PHONY: clean
clean:
	rm -rf build compendium
