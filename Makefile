# compendium. `make run` and `make test` install what is missing; see vendor/.
#   make            build ./compendium           make run      install, build, trace a real program
#   make test       all tests                    make lint     compilers, tidy, cppcheck, luacheck, house rules
#   make B=build/asan SAN=address,undefined      a build with sanitizers, in a folder of its own
B       ?= build
CC      ?= gcc
PREFIX  ?= /usr/local
SAN     ?=
LUA_CFLAGS := -I/usr/include/lua5.4
CFLAGS  ?= -O2 -g
override CFLAGS += -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror -Isrc -I$(B)/gen $(LUA_CFLAGS) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
LDFLAGS += $(if $(SAN),-fsanitize=$(SAN))
LIBS    := -l:liblua5.4.a -l:liblua5.4-cjson.a -l:libyaml.a -l:libm.a
PROGRAM := $(if $(filter build,$(B)),compendium,$(B)/compendium)

SOURCES := $(filter-out src/generate.c,$(shell find src -name '*.c' | sort))
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
LIBRARY := $(filter-out $(B)/src/main.o,$(OBJECTS))
EMBED   := $(sort $(wildcard lua/*.lua lua/*/*.lua scripts/*.lua))

.PHONY: all
all: $(PROGRAM)

$(PROGRAM): $(OBJECTS) $(B)/gen/embedded.o
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# Tables become C.
GENERATE := build/generate
$(GENERATE): src/generate.c src/script/yaml.c src/script/yaml.h
	@mkdir -p $(@D)
	gcc -O1 -std=gnu11 -D_GNU_SOURCE -Isrc $(LUA_CFLAGS) -o $@ src/generate.c src/script/yaml.c \
		-l:liblua5.4.a -l:libyaml.a -lm

$(B)/gen/syscalls.inc: src/syscalls/generate.lua $(wildcard src/syscalls/*.yaml) $(GENERATE)
	@mkdir -p $(@D)
	$(GENERATE) $< $@
$(B)/gen/options.inc: src/options_generate.lua src/options.yaml $(GENERATE)
	@mkdir -p $(@D)
	$(GENERATE) $< c $@
$(B)/gen/embedded.S: src/script/embed.lua $(EMBED) $(GENERATE)
	@mkdir -p $(@D)
	$(GENERATE) $< $@ $(EMBED)
$(B)/gen/embedded.o: $(B)/gen/embedded.S $(EMBED)
	$(CC) -c -o $@ $<

GENERATED := $(B)/gen/syscalls.inc $(B)/gen/options.inc
$(OBJECTS): | $(GENERATED)
-include $(OBJECTS:.o=.d)

# Unit tests: each tests/unit/NAME_test.c is a cmocka program linked with everything but main.
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*_test.c))
$(B)/unit/%: tests/unit/%.c $(LIBRARY) $(B)/gen/embedded.o
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)
.PHONY: test-unit
test-unit: $(UNIT)
	@set -e; for t in $(UNIT); do $$t; done

.PHONY: clean
clean:
	rm -rf build compendium
