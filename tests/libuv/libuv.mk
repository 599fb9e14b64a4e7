# tests/libuv/libuv.mk - the example over libuv: built against it where pkg-config knows it, and to say so elsewhere.

LIBUV = $(shell $(PKG_CONFIG) --libs libuv 2>/dev/null)
$(O)/obj/examples/libuv.o: EXTRA = $(if $(LIBUV),-DHAVE_LIBUV)
$(O)/examples/libuv: LIBS += $(LIBUV)

.PHONY: libuv libuv-here
ifneq ($(filter libuv,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
libuv-here: $(O)/examples/libuv
	@:
libuv: ## Install libuv where it is missing, build the example over it and run it
	$(DEPS) build uv
	@rm -f $(O)/obj/examples/libuv.o
	$(again) libuv-here
	@$(O)/examples/libuv
