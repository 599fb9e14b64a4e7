# tests/soak/soak.mk - everything at once for SECONDS: `make soak SECONDS=60`, with FLAVOUR=tsan under ThreadSanitizer.

SOAK_SRC := $(sort $(wildcard tests/soak/*.c))
SOAK_OBJ := $(call object,$(SOAK_SRC))
SOAK     := $(O)/tests/soak/soak
SECONDS  ?= 60

.PHONY: soak soak-broken soak-here
ifneq ($(filter soak soak-broken,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

-include $(SOAK_OBJ:.o=.d)
$(SOAK): $(SOAK_OBJ) $(call object,$(filter-out $(STRESS_MAIN),$(STRESS_SRC))) $(O)/libtorc.a
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)
soak-here: $(SOAK)
	@:

soak: ## Everything at once for SECONDS (60), with books that must balance and memory that must not grow (FLAVOUR=tsan)
	$(DEPS) build $(if $(filter-out plain,$(FLAVOUR)),$(rt))
	$(again) soak-here
	@ASAN_OPTIONS=halt_on_error=1 UBSAN_OPTIONS=halt_on_error=1 TSAN_OPTIONS=halt_on_error=1 $(SOAK) $(SECONDS)
soak-broken: ## The same with one release in ten thousand left out, which must be caught
	$(DEPS) build
	$(again) soak-here
	@$(SOAK) --broken 600

CHECK_BROKEN += soak-broken
CHECK_ALL    += soak
