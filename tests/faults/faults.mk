# tests/faults/faults.mk - the sweep of failing calls: `make faults`, and its broken variant `make faults-broken`.

FAULTS_SRC  := $(sort $(wildcard tests/faults/*.c))
FAULTS_OBJ  := $(call object,$(FAULTS_SRC))
FAULTS      := $(O)/tests/faults/faults
# The list of calls says which the linker sends through the wrappers.
FAULTS_WRAP := $(shell awk '!/^\#/ && ($$2 == "fails" || $$2 == "tracked") { printf "-Wl,--wrap=%s ", $$1 }' tests/faults/calls)

.PHONY: faults faults-broken faults-here
ifneq ($(filter faults faults-broken,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

-include $(FAULTS_OBJ:.o=.d)
$(FAULTS): $(FAULTS_OBJ) $(O)/libtorc.a tests/faults/calls
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) -o $@ $(filter %.o %.a,$^) $(FAULTS_WRAP) $(LIBS)
# What the library calls once it is linked with the parts of others that it uses.
$(O)/tests/faults/library.o: $(O)/libtorc.a
	@mkdir -p $(@D)
	$(call say,LD,$@) $(CC) -nostdlib -r -o $@ -Wl,--whole-archive $< -Wl,--no-whole-archive \
	    -Wl,-Bstatic $(filter-out -pthread,$(LIBS))

faults-here: $(FAULTS) $(O)/tests/faults/library.o
	@:
faults: ## Make every call that the library makes fail in turn, check what comes of it, and that none is overlooked
	$(DEPS) build
	$(again) faults-here
	@$(MAKE) --no-print-directory run-tests TITLE=faults PROGRAMS='$(FAULTS) tests/faults/calls.sh'
faults-broken: ## The same with a clean-up that forgets a block, and with a call missing from the list: both must be caught
	$(DEPS) build
	$(again) faults-here
	@$(FAULTS) --broken
	@sh tests/faults/calls.sh --broken $(O)/torc

TEST_PROGRAMS += $(FAULTS) "$(FAULTS) --broken" tests/faults/calls.sh
ifeq ($(FLAVOUR),plain)
build-tests: faults-here
endif
CHECK_BROKEN += faults-broken
CHECK_ALL    += faults
