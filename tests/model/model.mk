# tests/model/model.mk - the explorer: the library's source under RC11 (tests/model/model.h).

MODEL_DIR := tests/model
MODEL_RT  := $(addprefix $(MODEL_DIR)/,views.c cells.c memory.c sched.c heavy.c race.c heap.c block.c clock.c threads.c \
             coroutine.c search.c state.c decide.c report.c sites.c mutate.c explained.c jobs.c once.c axioms.c selftest.c \
             main.c)
MODEL_SCENARIOS := $(filter-out $(MODEL_RT) $(MODEL_DIR)/begin.c $(MODEL_DIR)/end.c,$(sort $(wildcard $(MODEL_DIR)/*.c)))
MODEL_UNDER_TEST := $(LIB_SRC) $(MODEL_SCENARIOS)

model_object   = $(patsubst %.c,$(O)/model/obj/%.o,$(1))
MODEL_RT_OBJ  := $(call model_object,$(MODEL_RT))
MODEL_OBJ     := $(call model_object,$(MODEL_UNDER_TEST))
MODEL_ENDS    := $(call model_object,$(MODEL_DIR)/begin.c $(MODEL_DIR)/end.c)

# All threads are coroutines of one: what is local to a thread is ordinary memory, and put back between executions.
MODEL_COMPILE = $(CC) -std=c11 -O1 -g -pthread -fno-pie -ffile-prefix-map=$(CURDIR)/= $(WARNINGS) -Wno-type-limits -Wstrict-prototypes $(DEFINES) \
                -DSHORT_SPIN=0u -DBORROW_ROUNDS=1u -D_Thread_local= -DTORC_ATOMIC_HEADER='"tests/model/atomic.h"' -I$(MODEL_DIR)/include -Iinclude -I. $(CPPFLAGS) $(CFLAGS)
# Every plain access calls the explorer; nothing may be copied behind its back.
MODEL_WATCHED = -fsanitize=thread -fno-builtin-memcpy -fno-builtin-memset -fno-builtin-memmove \
                $(if $(findstring clang,$(CC)),-mllvm -tsan-instrument-func-entry-exit=0,\
                --param tsan-instrument-func-entry-exit=0 -fno-tree-loop-distribute-patterns)

MODEL_WRAPPED := memcpy memset memmove malloc calloc aligned_alloc free mmap munmap syscall sched_yield clock_nanosleep \
    clock_gettime pthread_mutex_lock pthread_mutex_unlock pthread_mutex_init pthread_mutex_destroy pthread_cond_wait \
    pthread_cond_signal pthread_cond_broadcast pthread_cond_init pthread_cond_destroy pthread_create pthread_join \
    pthread_self pthread_setcanceltype pthread_setname_np pthread_once pthread_key_create pthread_setspecific
# The explorer itself is compiled as a whole: what is called at every access of every execution is worth it.
MODEL_WHOLE = -O3 $(if $(findstring clang,$(CC)),,-flto=auto)
MODEL_LINK = $(CC) $(MODEL_WHOLE) -g -no-pie -pthread $(addprefix -Wl$(comma)--wrap=,$(MODEL_WRAPPED))
comma := ,

$(MODEL_RT_OBJ): MODEL_OPTIMISE = $(MODEL_WHOLE)
$(MODEL_ENDS): MODEL_OPTIMISE = -O2

$(MODEL_RT_OBJ) $(MODEL_ENDS): $(O)/model/obj/%.o: %.c $(MODEL_DIR)/model.mk
	@mkdir -p $(@D)
	$(call say,CC,$<) $(MODEL_COMPILE) $(MODEL_OPTIMISE) -MMD -MP -c -o $@ $<
$(MODEL_OBJ): $(O)/model/obj/%.o: %.c $(MODEL_DIR)/model.mk
	@mkdir -p $(@D)
	$(call say,CC,$<) $(MODEL_COMPILE) $(MODEL_WATCHED) -MMD -MP -c -o $@ $<
-include $(MODEL_RT_OBJ:.o=.d) $(MODEL_OBJ:.o=.d)

$(O)/model/model: $(MODEL_RT_OBJ) $(MODEL_OBJ) $(MODEL_ENDS)
	$(call say,LD,$@) $(MODEL_LINK) -o $@ $(call model_object,$(MODEL_DIR)/begin.c) $(MODEL_OBJ) \
	    $(call model_object,$(MODEL_DIR)/end.c) $(MODEL_RT_OBJ) -lck

.PHONY: model model-here model-broken mutate
ifneq ($(filter model model-broken mutate,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
model-here: $(O)/model/model
	@:
model: ## Explore the library's source under RC11: litmus tests, bug shapes, scenarios (ten minutes on two cores)
	$(DEPS) build
	$(again) model-here
	@$(MAKE) --no-print-directory run-tests TITLE=model TORC_TEST_TIMEOUT=7200 PROGRAMS='$(MODEL_RUNS)'

model-broken: ## The same with a defect in the explorer and one in each scenario that has one: all must be caught
	$(DEPS) build
	$(again) model-here
	@$(MAKE) --no-print-directory run-tests TITLE=model-broken PROGRAMS='$(MODEL_BROKEN)'

# What the explorer is asked: does it agree with the axioms of RC11; do all scenarios pass; are their defects found? And
# does chance find anything beyond the bounds: random priorities are not bound in preemptions.
MODEL       := $(O)/model/model
MODEL_ALL    = $(MODEL) --jobs 2
MODEL_BROKEN = "$(MODEL) --selftest 500 --broken" "$(MODEL_ALL) --broken"
MODEL_RUNS   = "$(MODEL) --selftest 500" "$(MODEL_ALL)" "$(MODEL_ALL) --random 5000" $(MODEL_BROKEN)
MODEL_QUICK  = "$(MODEL) --selftest 50" "$(MODEL_ALL) --quick" "$(MODEL_ALL) --random 1000" "$(MODEL_ALL) --quick --broken"
ifeq ($(FLAVOUR),plain)
TEST_PROGRAMS += $(MODEL_QUICK)
build-tests: model-here
endif
CHECK_ALL    += model
CHECK_BROKEN += model-broken

# --seconds is what a scenario may take for one mutant: about 8000 executions each.
.PHONY: mutate-broken
mutate: ## Weaken each memory order in the library, one at a time: do the scenarios notice?
	$(DEPS) build
	$(again) model-here
	@$(MODEL) --mutate --explained $(MODEL_DIR)/explained.txt --seconds 5 --jobs 2 $(ARGS)
mutate-broken: ## The same with defects of its own: nothing weakened, explanations that are missing, out of date or wrong
	$(DEPS) build
	$(again) model-here
	@sh $(MODEL_DIR)/mutate_broken.sh $(MODEL) $(MODEL_DIR)/explained.txt
CHECK_ALL    += mutate
CHECK_BROKEN += mutate-broken
ifneq ($(filter mutate mutate-broken,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
