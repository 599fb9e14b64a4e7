# tests/planted/planted.mk - defects that the sanitizer jobs must report: `make planted`.

PLANTED := $(O)/tests/planted/planted

.PHONY: planted planted-here
ifneq ($(filter planted,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

-include $(O)/obj/tests/planted/planted.d
$(PLANTED): $(O)/obj/tests/planted/planted.o $(O)/libtorc.a
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)
planted-here: $(PLANTED)
	@:

# A library whose release stores are relaxed: what ThreadSanitizer sees of torc's own ordering.
RELAXED := O=build/tsan/relaxed CPPFLAGS='-U__ATOMIC_RELEASE -D__ATOMIC_RELEASE=__ATOMIC_RELAXED'

planted: ## Plant races, memory errors, leaks and undefined behaviour; fails unless the sanitizer jobs report each of them
	$(DEPS) build $(rt)
	$(again) FLAVOUR=tsan planted-here
	$(again) FLAVOUR=tsan $(RELAXED) planted-here
	$(again) FLAVOUR=asan planted-here
	$(again) FLAVOUR=ubsan planted-here
	@sh tests/planted/planted.sh

CHECK_BROKEN += planted
