# tests/fuzz/fuzz.mk - the fuzz targets: as ordinary programs with the compiler in use, and for libFuzzer with clang.
#
# script   operations on a bus, judged by a reference model (script*.c, model*.c)
# forged   handles that nobody was given (forged*.c)
# allocators   lives of arenas, regions and heaps, judged by the unit tests' reference models (allocators.c)

.PHONY: fuzz fuzz-quick fuzz-broken fuzz-coverage fuzz-programs fuzz-targets

SECONDS      ?= 60
FUZZ_RUNS    ?= 4000
FUZZ_OUT     := build/fuzz
FUZZ_TARGETS := script forged allocators

FUZZ_SRC_script := $(sort $(wildcard tests/fuzz/script*.c tests/fuzz/model*.c)) tests/fuzz/table.c
FUZZ_SRC_forged := tests/fuzz/forged.c tests/fuzz/forged_world.c tests/fuzz/table.c
FUZZ_SRC_many   := tests/fuzz/forged_many.c tests/fuzz/forged_world.c tests/fuzz/table.c
FUZZ_SRC_allocators := tests/fuzz/allocators.c tests/fuzz/table.c tests/unit/chance.c $(wildcard tests/unit/*_model.c)
FUZZ_OBJ        := $(call object,$(sort $(wildcard tests/fuzz/*.c)))
-include $(FUZZ_OBJ:.o=.d)

# --- ordinary programs --------------------------------------------------------------------------------------------

FUZZ_PROGRAMS := $(addprefix $(O)/tests/fuzz/,script forged forged_many allocators script_broken forged_broken)
FUZZ_WRAPPED  := torc_ringptr_release_slow torc_ringptr_clone_slow torc_ringptr_is_valid torc_commit_slow torc_abort \
                 torc_bus_close torc_bus_destroy torc_keep torc_reader_open
FUZZ_DRIVER   := tests/fuzz/driver.c
comma         := ,

$(O)/tests/fuzz/script: $(call object,$(FUZZ_SRC_script) $(FUZZ_DRIVER))
$(O)/tests/fuzz/forged: $(call object,$(FUZZ_SRC_forged) $(FUZZ_DRIVER))
$(O)/tests/fuzz/forged_many: $(call object,$(FUZZ_SRC_many))
$(O)/tests/fuzz/allocators: $(call object,$(FUZZ_SRC_allocators) $(FUZZ_DRIVER))
$(O)/tests/fuzz/script_broken: $(call object,$(FUZZ_SRC_script) $(FUZZ_DRIVER) tests/fuzz/broken.c)
$(O)/tests/fuzz/forged_broken: $(call object,$(FUZZ_SRC_forged) $(FUZZ_DRIVER) tests/fuzz/broken.c)
$(O)/tests/fuzz/%_broken: FUZZ_WRAP := $(addprefix -Wl$(comma)--wrap=,$(FUZZ_WRAPPED))
$(FUZZ_PROGRAMS): $(O)/libtorc.a $(O)/obj/sources
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) $(FUZZ_WRAP) -o $@ $(filter %.o,$^) $(O)/libtorc.a $(LIBS)
fuzz-programs: $(FUZZ_PROGRAMS)
	@:

fuzz-quick: ## A fixed set of fuzz inputs, the planted defects and 10^7 forged handles, without libFuzzer
	$(DEPS) build
	$(again) fuzz-programs
	@FUZZ_RUNS='$(FUZZ_RUNS)' sh tests/fuzz/fuzz.sh quick '$(O)/tests/fuzz' '$(FUZZ_OUT)'

fuzz-broken: ## Fail unless the fuzz targets find every planted defect
	$(DEPS) build
	$(again) fuzz-programs
	@sh tests/fuzz/fuzz.sh broken '$(O)/tests/fuzz' '$(FUZZ_OUT)'

# --- libFuzzer ----------------------------------------------------------------------------------------------------

FUZZ_CLANG   ?= clang
FUZZ_COMPILE  = $(FUZZ_CLANG) -std=c11 -O1 -g -pthread $(WARNINGS) $(DEFINES) -Iinclude -fno-omit-frame-pointer \
                -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_object   = $(patsubst %.c,$(FUZZ_OUT)/obj/%.o,$(1))
$(FUZZ_OUT)/obj/%.o: %.c tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	$(call say,CC,$@) $(FUZZ_COMPILE) -MMD -MP -c -o $@ $<
-include $(patsubst %.o,%.d,$(call FUZZ_object,$(LIB_SRC) $(wildcard tests/fuzz/*.c tests/unit/*_model.c) tests/unit/chance.c))

$(FUZZ_OUT)/script: $(call FUZZ_object,$(FUZZ_SRC_script) $(LIB_SRC))
$(FUZZ_OUT)/forged: $(call FUZZ_object,$(FUZZ_SRC_forged) $(LIB_SRC))
$(FUZZ_OUT)/allocators: $(call FUZZ_object,$(FUZZ_SRC_allocators) $(LIB_SRC))
$(addprefix $(FUZZ_OUT)/,$(FUZZ_TARGETS)):
	$(call say,LD,$@) $(FUZZ_CLANG) -g -pthread -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)
fuzz-targets: $(addprefix $(FUZZ_OUT)/,$(FUZZ_TARGETS))
	@:

fuzz: ## Run each fuzz target with libFuzzer, ASan and UBSan for SECONDS=60
	$(DEPS) build fuzz
	$(again) fuzz-targets fuzz-programs
	@sh tests/fuzz/fuzz.sh libfuzzer '$(FUZZ_OUT)' '$(SECONDS)' '$(O)/tests/fuzz'

fuzz-coverage: ## What every function answered in a run of the script target, and the lines of the library it reached
	$(DEPS) build
	$(again) O=$(FUZZ_OUT)/gcov CFLAGS='$(CFLAGS) --coverage' OPTIMISE='-O0 -g -pthread' $(FUZZ_OUT)/gcov/tests/fuzz/script \
	    $(FUZZ_OUT)/gcov/tests/fuzz/forged
	@FUZZ_RUNS='$(FUZZ_RUNS)' sh tests/fuzz/fuzz.sh coverage '$(FUZZ_OUT)/gcov' '$(FUZZ_OUT)'

CHECK_BROKEN += fuzz-broken
CHECK_ALL    += fuzz
