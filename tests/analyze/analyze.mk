# tests/analyze/analyze.mk - static analysis: `make analyze`, and its broken variant `make analyze-broken`.

.PHONY: analyze analyze-broken
analyze: ## clang's analyzer and cppcheck over all C and the public headers; any finding is an error
	$(DEPS) build test marks analyze
	@sh tests/analyze/analyze.sh $(O)
analyze-broken: ## The same over a file of planted defects, each of which must be reported
	$(DEPS) build analyze
	@sh tests/analyze/analyze.sh --broken $(O)

CHECK_BROKEN += analyze-broken
CHECK_ALL    += analyze
