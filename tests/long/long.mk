# tests/long/long.mk - each policy of readers with very many events: `make long`, one of them `make long POLICY=lossy EVENTS=1000000`.

LONG_OBJ := $(call object,$(sort $(wildcard tests/long/*.c)))
LONG     := $(O)/tests/long/policies
POLICY   ?= gate lossy conflate evict
EVENTS   ?= 100000000

.PHONY: long long-broken long-here
ifneq ($(filter long long-broken,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

-include $(LONG_OBJ:.o=.d)
$(LONG): $(LONG_OBJ) $(call object,$(filter-out $(STRESS_MAIN),$(STRESS_SRC))) $(O)/libtorc.a
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)
long-here: $(LONG)
	@:

long: ## Each policy of readers (POLICY=gate, lossy, conflate, evict: only that) with EVENTS (100000000) events
	$(DEPS) build
	$(again) long-here
	@for policy in $(POLICY); do $(LONG) $$policy $(EVENTS) || exit 1; done
long-broken: ## The same with a loss that is not always counted, which must be noticed
	$(DEPS) build
	$(again) long-here
	@$(LONG) conflate 5000000 --broken

CHECK_BROKEN += long-broken
CHECK_ALL    += long
