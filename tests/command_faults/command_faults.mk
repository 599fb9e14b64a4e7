# tests/command_faults/command_faults.mk - the torc command with failing calls: `make command-faults`.

COMMAND_FAULTS     := $(O)/tests/command_faults/torc
COMMAND_FAULTS_OBJ := $(O)/obj/tests/command_faults/inject.o

.PHONY: command-faults command-faults-broken command-faults-here
ifneq ($(filter command-faults command-faults-broken,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

-include $(COMMAND_FAULTS_OBJ:.o=.d)
$(COMMAND_FAULTS): $(call object,$(CMD_SRC)) $(COMMAND_FAULTS_OBJ) $(O)/libtorc.a
	@mkdir -p $(@D)
	@# Everything that inject.c defines a wrapper for is sent through it.
	$(call say,LD,$@) $(LINK) -o $@ $(filter %.o %.a,$^) \
	    $$(nm $(COMMAND_FAULTS_OBJ) | sed -n 's/.* T __wrap_/-Wl,--wrap=/p') $(LIBS) -lcrypto
command-faults-here: $(COMMAND_FAULTS) $(O)/torc
	@:

command-faults: ## torc run and torc verify with each of their calls failing in turn
	$(DEPS) build
	$(again) command-faults-here
	@sh tests/command_faults/sweep.sh $(O)/torc
command-faults-broken: ## The same with failed writes that say that they succeeded, which must be caught
	$(DEPS) build
	$(again) command-faults-here
	@sh tests/command_faults/sweep.sh --broken $(O)/torc

CHECK_BROKEN += command-faults-broken
CHECK_ALL    += command-faults
