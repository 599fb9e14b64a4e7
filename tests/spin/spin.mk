# The protocols as Promela models, each searched over its whole state space by Spin.

.PHONY: spin spin-broken
CHECK_ALL    += spin
CHECK_BROKEN += spin-broken

spin: ## Install what is missing, search every Promela model and every broken variant of it
	$(DEPS) spin
	@TORC_BUILD='$(O)' CC='$(CC)' sh tests/spin/run.sh

spin-broken: ## Only the broken variants of the models: fails if one is not caught
	$(DEPS) spin
	@TORC_BUILD='$(O)' CC='$(CC)' sh tests/spin/run.sh broken
