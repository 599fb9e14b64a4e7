# tests/unit/unit.mk - the unit tests with defects between them and the library: `make unit-broken`.

# The defects are those of the fuzz targets (tests/fuzz/broken.c).
UNIT_BROKEN := $(O)/tests/unit_broken
$(UNIT_BROKEN): $(call object,$(UNIT_SRC) tests/fuzz/broken.c) $(O)/libtorc.a $(O)/obj/sources
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) $(addprefix -Wl$(comma)--wrap=,$(FUZZ_WRAPPED)) -o $@ $(filter %.o %.a,$^) $(CHECK_LIBS) $(LIBS)

.PHONY: unit-broken unit-broken-here
unit-broken-here: $(UNIT_BROKEN)
	@:
unit-broken: ## Run unit tests with defects planted; fails unless each of them is noticed
	$(DEPS) build test
	$(again) unit-broken-here
	@sh tests/unit/broken.sh $(UNIT_BROKEN) $(O)/log

CHECK_BROKEN += unit-broken
ifneq ($(filter unit-broken,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
