# pg_lifeboat: `make help` lists what there is to do.
#
# The extension module is built by PGXS for the server that PG_CONFIG names; the core library, the command line and the
# test programs by CMake. Everything built lies in build/, the module in a folder per server version.

PG_MAJOR  ?= 15
PG_CONFIG ?= $(firstword $(wildcard /usr/lib/postgresql/$(PG_MAJOR)/bin/pg_config) $(shell command -v pg_config))
ifneq ($(PG_CONFIG),)
ifeq ($(shell command -v $(PG_CONFIG)),)
$(error PG_CONFIG=$(PG_CONFIG): no such program)
endif
endif
export PG_CONFIG PG_MAJOR
BUILD     ?= build
JOBS      ?= $(shell nproc)
WERROR    ?= ON
# Names and lines for a backtrace; DEBUG_INFO=-g adds the variables, and a third to the time of a build.
DEBUG_INFO ?= -g1
override with_llvm := no

.DEFAULT_GOAL := help
friendly := help deps core product dev unit regress test other-majors lint format quickstart FORCE \
    bench bench-quick bench-levels bench-s3 bench-report
.PHONY: $(friendly) build

# --- the friendly targets ------------------------------------------------------------------------

help:
	@echo 'make quickstart   see it work: build, throw-away server, backup, verify, restore, compare'
	@echo 'make deps         install the Debian packages that are missing'
	@echo 'make build        the extension, the command line and the test programs'
	@echo 'make install      extension and command line into the server of PG_CONFIG ($(or $(PG_CONFIG),none found))'
	@echo 'make dev          psql on a throw-away server with the extension loaded'
	@echo 'make unit         unit, contract and fault tests: no server, seconds'
	@echo 'make installcheck pg_regress tests: on a throw-away server, or on the one that PGHOST or PGPORT names'
	@echo 'make test         everything, ends with the counts'
	@echo 'make other-majors quickstart on PostgreSQL 17 and 18, in chroots (wants root)'
	@echo 'make bench        against pg_dump, 3 GB, half an hour; bench-quick: 300 MB, 3 minutes; bench-levels: levels'
	@echo 'make bench-report docs/benchmarks.md and its picture from the newest results'
	@echo 'make lint         formatting, clang-tidy, include directions, sizes'
	@echo 'make format       format the sources'
	@echo 'make clean        remove what was built'

deps:
	@scripts/deps.sh

build: deps
	@$(MAKE) -j $(JOBS) --no-print-directory all test-modules CORE_TARGETS=all

# What gets installed, without the test programs.
product: deps
	@$(MAKE) -j $(JOBS) --no-print-directory all

dev: product
	@scripts/dev.sh

unit: deps
	@$(MAKE) --no-print-directory core CORE_TARGETS=all
	@test/run unit

test: build
	@test/run

other-majors:
	@scripts/other-majors.sh

bench: deps
	@$(MAKE) -j $(JOBS) --no-print-directory all bench-module
	@test/bench/run full

bench-quick: deps
	@$(MAKE) -j $(JOBS) --no-print-directory all bench-module
	@test/bench/run quick

bench-levels: product
	@test/bench/run levels

# A service 30 ms away, and a slow one: a quarter of an hour, 12 GB of memory; test/bench/s3 says what can be chosen.
bench-s3: product
	@test/bench/s3 9600

bench-report:
	@test/bench/report.pl

lint: deps
	@scripts/lint.sh

format:
	@scripts/sources.sh | xargs clang-format -i

quickstart: product
	@scripts/quickstart.sh

# --- core library, command line, test programs ---------------------------------------------------

core := $(BUILD)/core
CORE_TARGETS ?= lifeboat_core lifeboat
core: $(core)/CMakeCache.txt
	@cmake --build $(core) -j $(JOBS) --target $(CORE_TARGETS)

$(core)/CMakeCache.txt: CMakeLists.txt
	@cmake -S . -B $(core) $(if $(shell command -v ninja),-G Ninja) -DLIFEBOAT_WERROR=$(WERROR) \
	    -DLIFEBOAT_DEBUG_INFO=$(DEBUG_INFO) \
	    -DLIFEBOAT_PG_INCLUDEDIR=$(if $(PG_CONFIG),$(shell $(PG_CONFIG) --includedir-server)) >/dev/null
	@touch $@
	@touch -c $(core)/build.ninja # newer than the cache, or it configures once more

# --- the extension: PGXS -------------------------------------------------------------------------

ifneq ($(PG_CONFIG),)
ifneq ($(filter-out $(friendly),$(or $(MAKECMDGOALS),help)),)

# The module is linked by a rule of our own: it stays out of the source tree and apart for each server version.
EXTENSION = pg_lifeboat
DATA      = $(wildcard sql/pg_lifeboat--*.sql)
DOCS      = docs/recovery-without-lifeboat.md scripts/recover.sh
pg_build := $(BUILD)/pg$(shell $(PG_CONFIG) --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
MODULES   = $(pg_build)/pg_lifeboat
OBJS      = $(patsubst src/%.cpp,$(pg_build)/%.o,$(sort $(shell find src/pg -name '*.cpp')))
EXTRA_CLEAN = $(BUILD) results

# A named server (libpq's variables) gets the tests of PGXS; otherwise they run on a throw-away one.
ifneq ($(PGHOST)$(PGPORT),)
REGRESS      = $(filter-out pg_lifeboat--%,$(basename $(notdir $(sort $(wildcard sql/*.sql)))))
REGRESS_OPTS = --use-existing
CONTRIB_TESTDB = postgres
else
NO_INSTALLCHECK = 1
installcheck: product
	@test/run regress
endif

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGDLLEXPORT is empty in 15: with hidden visibility the symbols that SQL needs must be marked.
pg_cxxflags = -std=c++20 $(CXXFLAGS) $(DEBUG_INFO) -Wextra -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow \
    -Wno-stringop-overread $(if $(filter ON,$(WERROR)),-Werror) \
    -fPIC -fvisibility=hidden -fvisibility-inlines-hidden '-DPGDLLEXPORT=__attribute__((visibility("default")))' \
    -D_GNU_SOURCE -Isrc -isystem $(includedir_server) -isystem $(includedir_internal) -MMD -MP
# Without these concessions ccache keeps nothing that includes a precompiled header.
sloppiness := pch_defines,time_macros,include_file_mtime,include_file_ctime
ccache := $(if $(shell command -v ccache),CCACHE_SLOPPINESS=$(sloppiness) ccache)

# What nearly every file includes is compiled once: half the time of a build. The files still include what they use;
# `make lint` reads them without this. Its first line makes it new when the server, the compiler or the flags are.
pch := $(pg_build)/pch.h
$(pch): export pch_text = // $(VERSION), $(shell $(CXX) --version | head -n 1): $(pg_cxxflags)
$(pch): FORCE
	@mkdir -p $(@D)
	@printf '%s\n#include "pg/bridge/query.h"\n' "$$pch_text" >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(pch).gch: $(pch)
	@echo 'c++ $<'
	@$(ccache) $(CXX) $(pg_cxxflags) -x c++-header -c -o $@ $<
-include $(pch).d

$(OBJS): $(pg_build)/%.o: src/%.cpp $(pch).gch
	@mkdir -p $(@D)
	@echo 'c++ $<'
	@$(ccache) $(CXX) $(pg_cxxflags) -include $(pch) -Winvalid-pch -c -o $@ $<

-include $(OBJS:.o=.d)

# The version script keeps every C++ symbol inside the module, GNU_UNIQUE ones among them.
$(pg_build)/pg_lifeboat.so: $(OBJS) $(core)/liblifeboat_core.a src/pg/exports.map
	@echo 'link $@'
	@$(CXX) -shared -o $@ $(OBJS) $(core)/liblifeboat_core.a $(LDFLAGS) $(LDFLAGS_SL) \
	    -Wl,--version-script=src/pg/exports.map -ldate-tz -lzstd -llz4 -lcrypto -lcurl -lpugixml -lpthread

all: core
$(core)/liblifeboat_core.a: core ;

# Modules of functions for tests, never installed: $(1) is made of $(2) and of the extension's own objects $(3).
define test_module
$(pg_build)/$(1).o: $(2) $(pch).gch
	@echo 'c++ $$<'
	@$(ccache) $(CXX) $(pg_cxxflags) -include $(pch) -Winvalid-pch -c -o $$@ $$<
-include $(pg_build)/$(1).d
$(pg_build)/$(1).so: $(pg_build)/$(1).o $(addprefix $(pg_build)/pg/,$(3)) $(core)/liblifeboat_core.a src/pg/exports.map
	@echo 'link $$@'
	@$(CXX) -shared -o $$@ $$(filter %.o %.a,$$^) $(LDFLAGS) $(LDFLAGS_SL) -Wl,--version-script=src/pg/exports.map
endef

# Fail in every way: for test/cluster/t/460_bridge.pl.
$(eval $(call test_module,bridge_test,test/bridge/bridge_test.cpp,$(addprefix bridge/,bridge.o guards.o query.o)))
test-modules: $(pg_build)/bridge_test.so

# Formats rows and throws them away: for test/bench.
$(eval $(call test_module,format_bench,test/bench/format_bench/format_bench.cpp,\
    $(addprefix bridge/,bridge.o guards.o query.o) $(addprefix scan/,block_reader.o heap_pages.o row_format.o type_formats.o)))
bench-module: $(pg_build)/format_bench.so
.PHONY: test-modules bench-module

install: install-cli
install-cli: core installdirs
	$(MKDIR_P) '$(DESTDIR)$(bindir)'
	$(INSTALL_PROGRAM) $(core)/lifeboat '$(DESTDIR)$(bindir)/lifeboat'
uninstall: uninstall-cli
uninstall-cli:
	rm -f '$(DESTDIR)$(bindir)/lifeboat'
.PHONY: install-cli uninstall-cli

endif
else
all install installcheck: deps
	@$(MAKE) --no-print-directory $@
clean:
	rm -rf $(BUILD) results
endif
