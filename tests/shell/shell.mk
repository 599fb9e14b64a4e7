# tests/shell/shell.mk - the shell tests (tests/*_test.sh) with defects in a copy of the tree: `make shell-broken`.

.PHONY: shell-broken
shell-broken: ## Run the shell tests over copies of the tree with planted defects; fails unless each is reported (TESTS=names)
	$(DEPS) build test
	@CC='$(CC)' CXX='$(CXX)' sh tests/shell/broken.sh build/shell-broken $(TESTS)

CHECK_BROKEN += shell-broken
ifneq ($(filter shell-broken,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
