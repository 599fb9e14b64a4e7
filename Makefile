# Makefile - builds, tests and installs torc. GNU make; `make help` lists the targets and the settings.
#
# build/ holds the plain build. Every other flavour (asan, ubsan, tsan, clang) and every DEBUG level above 0 has a
# directory of its own below it, so that switching between them rebuilds nothing.

# --- settings -----------------------------------------------------------------------------------------------------

PREFIX       ?= /usr/local
BINDIR       ?= $(PREFIX)/bin
LIBDIR       ?= $(PREFIX)/lib
INCLUDEDIR   ?= $(PREFIX)/include
DEBUG        ?= 0
WERROR       ?= 0
FLAVOUR      ?= plain
PKG_CONFIG   ?= pkg-config
CLANG_FORMAT ?= clang-format

ifeq ($(filter $(DEBUG),0 1 2),)
$(error DEBUG is 0, 1 or 2, not '$(DEBUG)')
endif
ifeq ($(filter $(FLAVOUR),plain asan ubsan tsan clang),)
$(error FLAVOUR is plain, asan, ubsan, tsan or clang, not '$(FLAVOUR)')
endif

flavour_dir := $(if $(filter-out plain,$(FLAVOUR)),/$(FLAVOUR))
debug_dir   := $(if $(filter-out 0,$(DEBUG)),/debug$(DEBUG))
O           := build$(flavour_dir)$(debug_dir)

number   = $(shell sed -n 's/^.define TORC_VERSION_$(1)  *//p' include/torc/version.h)
MAJOR   := $(call number,MAJOR)
VERSION := $(MAJOR).$(call number,MINOR).$(call number,PATCH)
SONAME  := libtorc.so.$(MAJOR)

# --- flags --------------------------------------------------------------------------------------------------------

SANITIZE_asan  := -fsanitize=address -fno-omit-frame-pointer
SANITIZE_ubsan := -fsanitize=undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_tsan  := -fsanitize=thread -fno-omit-frame-pointer -DTORC_TSAN
SANITIZE       := $(SANITIZE_$(FLAVOUR))

WARNINGS := -Wall -Wextra -Wshadow -Wconversion $(if $(filter-out 0,$(WERROR)),-Werror)
# Unwind tables let a thread that is cancelled or exits inside a handler run torc's clean-ups. They are the default of
# every ABI but ARM's 32-bit one.
OPTIMISE := -O2 -g -pthread -funwind-tables
DEFINES  := -D_GNU_SOURCE -DTORC_DEBUG=$(DEBUG)

# The user's CPPFLAGS, CFLAGS and LDFLAGS come last and win.
COMPILE = $(CC) -std=c11 $(OPTIMISE) $(WARNINGS) -Wstrict-prototypes $(DEFINES) -Iinclude $(SANITIZE) $(EXTRA) \
          $(CPPFLAGS) $(CFLAGS)
COMPILE_CXX = $(CXX) -std=c++17 $(OPTIMISE) $(WARNINGS) $(DEFINES) -Iinclude $(SANITIZE) $(CPPFLAGS) $(CXXFLAGS)
LINK     = $(CC) $(OPTIMISE) $(SANITIZE) $(CFLAGS) $(LDFLAGS)
LINK_CXX = $(CXX) $(OPTIMISE) $(SANITIZE) $(CXXFLAGS) $(LDFLAGS)

LIBS := -lck -pthread
# Asked only when a test program is linked: at first there may be no pkg-config, and no check, to ask.
CHECK_LIBS   = $(shell $(PKG_CONFIG) --libs check)

# --- files --------------------------------------------------------------------------------------------------------

# Programs are the files with a main; those beside them without one are linked into each.
mains  = $(if $(1),$(shell grep -l '^int main\>' $(1)))
object = $(patsubst %,$(O)/obj/%.o,$(basename $(1)))

LIB_SRC     := $(sort $(wildcard src/*.c pools/*.c))
MALLOC_SRC  := $(sort $(wildcard pools/malloc/*.c))
CMD_SRC     := $(sort $(wildcard src/cmd/*.c))
UNIT_SRC    := $(sort $(wildcard tests/unit/*.c))
STRESS_SRC  := $(sort $(wildcard tests/stress/*.c))
EXAMPLE_SRC := $(sort $(wildcard examples/*.c))
BENCH_SRC   := $(sort $(wildcard bench/*.c bench/*.cpp))

STRESS_MAIN  := $(call mains,$(STRESS_SRC))
EXAMPLE_MAIN := $(call mains,$(EXAMPLE_SRC))
BENCH_MAIN   := $(call mains,$(BENCH_SRC))

LIB_OBJ := $(call object,$(LIB_SRC))
# The process's allocator: malloc and its family over a heap, in a library of its own.
MALLOC_OBJ := $(call object,$(MALLOC_SRC) $(filter pools/heap%.c pools/grower%.c,$(LIB_SRC)))
ALL_OBJ := $(call object,$(LIB_SRC) $(MALLOC_SRC) $(CMD_SRC) $(UNIT_SRC) $(STRESS_SRC) $(EXAMPLE_SRC) $(BENCH_SRC))

UNIT     := $(if $(UNIT_SRC),$(O)/tests/unit)
STRESS   := $(patsubst %.c,$(O)/%,$(STRESS_MAIN))
# With this option they carry a defect, and pass if they detect it.
BROKEN   := $(foreach program,$(STRESS),"$(program) --broken")
EXAMPLES := $(patsubst %.c,$(O)/%,$(EXAMPLE_MAIN))
BENCH    := $(patsubst %,$(O)/%,$(basename $(BENCH_MAIN)))
SCRIPTS  := $(sort $(wildcard tests/*_test.sh))

FORMATTED := $(wildcard include/*.h include/torc/*.h src/*.[ch] src/cmd/*.[ch] pools/*.[ch] pools/malloc/*.[ch] examples/*.[ch] \
             tests/*/*.[ch] bench/*.[ch] bench/*.cpp)

# --- building -----------------------------------------------------------------------------------------------------

.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.PHONY: all deps run test asan ubsan tsan clang headers examples format format-check install uninstall clean help
.PHONY: tests build-tests run-tests examples-here bench-here command-here symbols FORCE

# Goals that build in sub-makes, named together, take turns.
ifneq ($(filter run test asan ubsan tsan clang examples,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

# V=1 shows the commands.
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(2) &&)

all: $(O)/libtorc.a $(O)/libtorc.so $(O)/libtorc-malloc.so $(O)/torc ## Build the libraries and the command (the default)

# Files that change when the command lines or the list of sources do, and make what depends on them be built again.
remember = @mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' >$@
flags := $(COMPILE) | $(COMPILE_CXX) | $(LINK) | $(LINK_CXX)
$(O)/obj/flags: FORCE
	$(call remember,$(flags))
$(O)/obj/sources: FORCE
	$(call remember,$(sort $(ALL_OBJ)))

$(O)/obj/%.o: %.c $(O)/obj/flags
	@mkdir -p $(@D)
	$(call say,CC,$<) $(COMPILE) -MMD -MP -c -o $@ $<
$(O)/obj/%.o: %.cpp $(O)/obj/flags
	@mkdir -p $(@D)
	$(call say,CXX,$<) $(COMPILE_CXX) -MMD -MP -c -o $@ $<
-include $(ALL_OBJ:.o=.d)

# One set of objects serves both libraries. No public function is meant to be interposed, so calls inside stay direct.
# A handler may leave by cancellation, pthread_exit or a C++ exception: -fexceptions makes torc's clean-ups run then.
$(LIB_OBJ): EXTRA := -fPIC -fno-semantic-interposition -fexceptions
# The inline assembly of CK's atomics is invisible to ThreadSanitizer: it would see the ring's cells without what orders
# them. This file, and only this one, is therefore not instrumented; it tells the sanitizer of its hand-over by hand
# (TORC_TSAN, src/tsan.h).
ifeq ($(FLAVOUR),tsan)
$(O)/obj/src/mailbox.o: SANITIZE := $(filter-out -fsanitize=thread,$(SANITIZE))
endif

$(O)/libtorc.a: $(LIB_OBJ) $(O)/obj/sources
	@rm -f $@
	$(call say,AR,$@) $(AR) rcs $@ $(LIB_OBJ)

# Only what src/libtorc.map lists is visible; a name in it that is not defined is an error.
$(O)/libtorc.so.$(VERSION): $(LIB_OBJ) $(O)/obj/sources src/libtorc.map
	$(call say,LD,$@) $(LINK) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=src/libtorc.map \
	    -Wl,--no-undefined-version -Wl,-z,defs -Wl,-Bsymbolic-functions -Wl,--as-needed -o $@ $(LIB_OBJ) $(LIBS)
$(O)/$(SONAME): $(O)/libtorc.so.$(VERSION)
	@ln -sf $(<F) $@
$(O)/libtorc.so: $(O)/$(SONAME)
	@ln -sf $(<F) $@

# The compiler must not turn what is written inside malloc into a call of malloc.
$(call object,$(MALLOC_SRC)): EXTRA := -fPIC -fno-builtin
$(O)/libtorc-malloc.so: $(MALLOC_OBJ) $(O)/obj/sources pools/malloc/malloc.map
	$(call say,LD,$@) $(LINK) -shared -Wl,-soname,$(@F) -Wl,--version-script=pools/malloc/malloc.map \
	    -Wl,-z,defs -Wl,-z,nodelete -Wl,-Bsymbolic-functions -o $@ $(MALLOC_OBJ)

$(O)/torc: $(call object,$(CMD_SRC)) $(O)/libtorc.a $(O)/obj/sources
	$(call say,LD,$@) $(LINK) -Wl,--as-needed -o $@ $(filter %.o %.a,$^) $(LIBS) -lcrypto

$(UNIT): $(call object,$(UNIT_SRC)) $(O)/libtorc.a $(O)/obj/sources
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) -o $@ $(filter %.o %.a,$^) $(CHECK_LIBS) $(LIBS)

$(STRESS): $(O)/%: $(O)/obj/%.o $(call object,$(filter-out $(STRESS_MAIN),$(STRESS_SRC))) $(O)/libtorc.a $(O)/obj/sources
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)

$(EXAMPLES): $(O)/%: $(O)/obj/%.o $(call object,$(filter-out $(EXAMPLE_MAIN),$(EXAMPLE_SRC))) $(O)/libtorc.a $(O)/obj/sources
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)

# The rivals of the benchmarks are written in C and C++.
$(BENCH): $(O)/%: $(O)/obj/%.o $(call object,$(filter-out $(BENCH_MAIN),$(BENCH_SRC))) $(O)/libtorc.a $(O)/obj/sources
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK_CXX) -Wl,--as-needed -o $@ $(filter %.o %.a,$^) $(LIBS) -lurcu-memb -lmimalloc -ljemalloc

# --- running and testing ------------------------------------------------------------------------------------------

# Targets that may install something finish that first and only then start to build, in a make of their own. It uses
# all cores unless -j was given.
jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 1))
again = +@$(MAKE) --no-print-directory $(jobs)
DEPS  = @CC='$(CC)' CXX='$(CXX)' sh .ci/deps
# Sanitizer runtimes come with gcc; for clang they are a package.
rt    = $(if $(findstring clang,$(CC)),clang-rt)

deps: ## Install what building and testing need and is missing
	$(DEPS) build test

# The project's own tree: what git tracks, and without git its directories.
own_tree = set --; for file in $$(git ls-files 2>/dev/null); do [ ! -f "$$file" ] || set -- "$$@" "$$file"; done; \
           [ $$\# -gt 0 ] || set -- $(wildcard Makefile README.md LICENSE include src pools examples tests bench)

run: ## Install what is missing, build, ingest the project's own tree into build/run and verify it (ARGS=options)
	$(DEPS) build
	$(again) all
	@$(own_tree); $(O)/torc run --records files --force --out $(O)/run $(ARGS) "$$@"
	@$(O)/torc verify $(O)/run

test: ## Install what is missing, build, run all tests and print a closing count
	$(DEPS) build test
	$(again) all build-tests
	@$(MAKE) --no-print-directory run-tests TITLE=test \
	    PROGRAMS='$(UNIT) $(STRESS) $(BROKEN) $(EXAMPLES) $(SCRIPTS) $(TEST_PROGRAMS)'

asan ubsan tsan: ## Build library, command, tests and examples with this sanitizer, run them and print a closing count
	$(DEPS) build test $(rt)
	$(again) FLAVOUR=$@ build-tests command-here
	@$(MAKE) --no-print-directory FLAVOUR=$@ run-tests TITLE=$@ \
	    PROGRAMS='$$(UNIT) $$(STRESS) $$(EXAMPLES) $$(wildcard tests/command_test.sh)'

clang: ## Build everything with clang and -Werror, run the unit tests
	$(DEPS) build test
	$(again) FLAVOUR=clang CC=clang CXX=clang++ WERROR=1 all build-tests
	@$(MAKE) --no-print-directory FLAVOUR=clang CC=clang CXX=clang++ WERROR=1 run-tests TITLE=clang PROGRAMS='$$(UNIT)'

headers: ## Compile each public header alone, as C11 and as C++17, with gcc and clang
	$(DEPS) build test
	@$(MAKE) --no-print-directory run-tests TITLE=headers PROGRAMS=tests/headers_test.sh

examples: ## Build and run the examples
	$(DEPS) build
	$(again) examples-here
	@for example in $(EXAMPLES); do echo "--- $$example"; $$example || [ $$? -eq 77 ] || exit 1; done

tests: build-tests
build-tests: $(UNIT) $(STRESS) $(EXAMPLES)
examples-here: $(EXAMPLES)
bench-here: $(BENCH)
command-here: $(O)/torc
build-tests examples-here bench-here command-here:
	@:

run-tests:
	@TORC_BUILD='$(O)' TORC_FLAVOUR='$(FLAVOUR)' TORC_TEST_TITLE='$(TITLE)' CC='$(CC)' CXX='$(CXX)' MAKE='$(MAKE)' \
	    sh tests/run.sh $(PROGRAMS)

symbols: ## Write src/libtorc.map anew from the public headers
	@sh tests/symbols_test.sh --write

# Layers of checking that are more than a test program bring their own rules (tests/LAYER/LAYER.mk). They append to
# TEST_PROGRAMS what `make test` runs of them, and add what that needs to the prerequisites of build-tests.
include $(sort $(wildcard tests/*/*.mk)) bench/bench.mk

# --- the rest -----------------------------------------------------------------------------------------------------

format: ## Format all sources with clang-format
	$(DEPS) format
	@$(CLANG_FORMAT) -i $(FORMATTED)

format-check: ## Fail if a source is not formatted
	$(DEPS) format
	@$(CLANG_FORMAT) --dry-run --Werror $(FORMATTED)

# Directories below the prefix are written relative to it, so that the installed tree can be moved.
below_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
$(O)/torc.pc: torc.pc.in include/torc/version.h FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@INCLUDEDIR@|$(call below_prefix,$(INCLUDEDIR))|' \
	    -e 's|@LIBDIR@|$(call below_prefix,$(LIBDIR))|' -e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS@|$(LIBS)|' \
	    -e 's|@DEFINES@|$(if $(filter-out 0,$(DEBUG)), -DTORC_DEBUG=$(DEBUG))|' torc.pc.in >$@

install: all $(O)/torc.pc ## Install headers, libraries, torc.pc and the command (PREFIX, DESTDIR, LIBDIR)
	@mkdir -p '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LIBDIR)/pkgconfig' '$(DESTDIR)$(INCLUDEDIR)/torc'
	install -m 644 include/torc.h '$(DESTDIR)$(INCLUDEDIR)'
	install -m 644 $(wildcard include/torc/*.h) '$(DESTDIR)$(INCLUDEDIR)/torc'
	install -m 644 $(O)/libtorc.a '$(DESTDIR)$(LIBDIR)'
	install -m 755 $(O)/libtorc.so.$(VERSION) '$(DESTDIR)$(LIBDIR)'
	ln -sf libtorc.so.$(VERSION) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libtorc.so'
	install -m 755 $(O)/libtorc-malloc.so '$(DESTDIR)$(LIBDIR)'
	install -m 644 $(O)/torc.pc '$(DESTDIR)$(LIBDIR)/pkgconfig'
	install -m 755 $(O)/torc '$(DESTDIR)$(BINDIR)'
	@# The loader finds a library in its standard places only once it is in its cache; not allowed here is not an error.
	@[ -n '$(DESTDIR)' ] || ldconfig 2>/dev/null || true

uninstall: ## Remove what install put there
	rm -f '$(DESTDIR)$(BINDIR)/torc' '$(DESTDIR)$(LIBDIR)/pkgconfig/torc.pc' '$(DESTDIR)$(INCLUDEDIR)/torc.h'
	rm -f $(patsubst %,'$(DESTDIR)$(LIBDIR)/%',libtorc.a libtorc.so $(SONAME) libtorc.so.$(VERSION) \
	    libtorc-malloc.so)
	rm -f $(patsubst include/%,'$(DESTDIR)$(INCLUDEDIR)/%',$(wildcard include/torc/*.h))
	@rmdir '$(DESTDIR)$(INCLUDEDIR)/torc' 2>/dev/null || true

clean: ## Remove build/
	rm -rf build

help: ## Show this
	@sed -n 's/^\([a-z][a-z -]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | awk -F'\t' '{ printf "  %-18s %s\n", $$1, $$2 }'
	@echo
	@echo 'Settings: CC CXX CFLAGS LDFLAGS, DEBUG=0..2 (checks), WERROR=1, V=1 (show commands), PREFIX DESTDIR LIBDIR,'
	@echo '          ARGS (for run and bench), TORC_STRESS=percent (length of the stress tests)'
