# tests/checks/checks.mk - all layers of checking together: `make check-all`, and all their broken variants: `make check-broken`.
#
# A layer appends its targets in its own .mk file: to CHECK_ALL what checks, to CHECK_BROKEN what carries a defect on purpose and
# succeeds only if the layer reports it. The variables are read when the recipes run, so the order of the files does not matter.

.PHONY: check-all check-broken stress-broken

check-all: test ## Run everything: the tests, the sanitizers, clang, and every further layer with its budget
	@TORC_CHECK_TITLE=check-all MAKE='$(MAKE)' sh tests/checks/checks.sh '$(O)/log' asan ubsan tsan clang headers \
	    $(CHECK_ALL) check-broken
check-broken: ## Run the broken variant of every layer; fails if one is not caught
	@TORC_CHECK_TITLE=check-broken MAKE='$(MAKE)' sh tests/checks/checks.sh '$(O)/log' $(CHECK_BROKEN)

# The stress programs of `make test` with their defects, without the rest of it.
stress-broken: ## Run every stress program with its defect; fails if one does not notice
	$(DEPS) build test
	$(again) build-tests
	@$(MAKE) --no-print-directory run-tests TITLE=stress-broken PROGRAMS='$(BROKEN)'
CHECK_BROKEN += stress-broken

ifneq ($(filter check-all check-broken stress-broken,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
