# tests/observe/observe.mk - what others read of a bus: snapshots by parsers that do not know torc, and the static probes.

OBSERVE     := $(O)/tests/observe/dump
OBSERVE_OBJ := $(call object,tests/observe/dump.c)

-include $(OBSERVE_OBJ:.o=.d)
$(OBSERVE): $(OBSERVE_OBJ) $(O)/libtorc.a $(O)/obj/sources
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)

# What has probes is built again when <sys/sdt.h> comes or goes: the compiler does not say that it asked for it.
PROBED := $(call object,$(shell grep -l 'probe\.h"' $(LIB_SRC)))
$(O)/obj/probes: FORCE
	$(call remember,$(wildcard /usr/include/sys/sdt.h /usr/include/*/sys/sdt.h))
$(PROBED): $(O)/obj/probes

.PHONY: observe observe-here observe-broken
observe-here: $(OBSERVE) $(O)/libtorc.so
	@:
observe: ## Have a snapshot's texts read by parsers that do not know torc, and look for the static probes
	$(DEPS) build observe
	$(again) observe-here command-here
	@$(MAKE) --no-print-directory run-tests TITLE=observe PROGRAMS='tests/observe/observe.sh tests/observe/probes.sh'
observe-broken: ## The same with a backslash lost in the texts: that must be caught
	$(DEPS) build observe
	$(again) observe-here
	@sh tests/observe/observe.sh --broken $(O)/torc

TEST_PROGRAMS += tests/observe/observe.sh tests/observe/probes.sh
ifeq ($(FLAVOUR),plain)
build-tests: observe-here
endif
CHECK_BROKEN += observe-broken
CHECK_ALL    += observe
