# tests/cross/cross.mk - the unit tests and short stress runs on other architectures, under qemu-user.
#
# What it shows: that the code means the same there (instructions, widths, alignment, byte order, the 32-bit system calls)
# and that the atomics need no library. What it cannot show: memory ordering. The emulator runs on this machine's
# processor and orders at least as much as that does; ordering is explored by tests/model.
#
# All that is built lies in build/cross, the libraries that torc needs there included (sources.sh, sysroot.sh); the
# machine itself gets cross compilers and the emulator from its distribution and nothing else.

ARCH         ?= aarch64 armhf i386 riscv64 s390x
# Percent of the work that the stress programs do on this machine.
CROSS_STRESS ?= 3

# Triplet, and CK's name for the machine.
cross_aarch64 := aarch64-linux-gnu aarch64
cross_armhf   := arm-linux-gnueabihf arm
cross_i386    := i686-linux-gnu i686
cross_riscv64 := riscv64-linux-gnu unknown
cross_s390x   := s390x-linux-gnu s390x

# A make for architecture $(1) that builds in build/cross/$(1)$(2) with CPPFLAGS $(3). Libraries are linked statically: what
# runs there needs nothing from there.
cross_tool = $(firstword $(cross_$(1)))-$(2)
cross_make = +@$(MAKE) --no-print-directory FLAVOUR=plain DEBUG=0 WERROR=1 O=build/cross/$(1)$(2) \
    CC=$(call cross_tool,$(1),gcc) AR=$(call cross_tool,$(1),ar) CFLAGS= \
    CPPFLAGS='-isystem build/cross/$(1)/sysroot/include $(3)' LDFLAGS='-Lbuild/cross/$(1)/sysroot/lib' CHECK_LIBS='-lcheck -lrt -lm'
# Without libatomic, and with no name left open in the shared library.
cross_static = LIBS='-static $(LIBS)'
cross_shared = LIBS='$(LIBS)'
CROSS_MACHINE := $(O)/tests/cross/machine

ifneq ($(filter cross cross-broken,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
.PHONY: cross cross-broken cross-programs cross-here

cross: ## Build for other architectures (ARCH=names), run unit tests and short stress there, count (CROSS_STRESS=percent)
	$(foreach arch,$(ARCH),$(if $(cross_$(arch)),,$(error ARCH is any of aarch64 armhf i386 riscv64 s390x, not '$(arch)')))
	$(DEPS) build cross $(ARCH:%=cross-%)
	@sh tests/cross/sources.sh build/cross/sources
	$(again) cross-programs
	@CROSS_STRESS='$(CROSS_STRESS)' sh tests/cross/run.sh $(foreach arch,$(ARCH),$(arch)=$(firstword $(cross_$(arch))))

cross-broken: ## Build with defects that only a big-endian or a 32-bit machine shows; fails if they go unnoticed there
	$(DEPS) build test cross cross-s390x cross-armhf
	@sh tests/cross/sources.sh build/cross/sources
	$(again) cross-broken-native-ENDIAN cross-broken-s390x-ENDIAN cross-broken-native-WORD cross-broken-armhf-WORD
	@sh tests/cross/broken.sh

cross-programs: $(ARCH:%=cross-programs-%)
# Where time_t has 32 bits the C library offers 64 as well: the library is built for both.
cross-programs-%: cross-sysroot-%
	$(call cross_make,$*) $(cross_shared) build/cross/$*/libtorc.so
	$(call cross_make,$*) $(cross_static) cross-here
	$(if $(filter armhf i386,$*),$(call cross_make,$*,/time64,-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64) \
	    $(cross_static) build/cross/$*/time64/tests/cross/machine)
cross-sysroot-%:
	@sh tests/cross/sysroot.sh build/cross/sources build/cross/$*/sysroot $(cross_$*)

# The native build with the same defect: it must pass, or the defect says nothing about the other machine.
cross_defect = -include tests/cross/defects.h -DCROSS_DEFECT_$(1)
cross-broken-native-%:
	+@$(MAKE) --no-print-directory O=build/cross/native-$* CPPFLAGS='$(call cross_defect,$*)' build/cross/native-$*/tests/unit
cross-broken-s390x-%: cross-sysroot-s390x
	$(call cross_make,s390x,-$*,$(call cross_defect,$*)) $(cross_static) build/cross/s390x-$*/tests/unit
cross-broken-armhf-%: cross-sysroot-armhf
	$(call cross_make,armhf,-$*,$(call cross_defect,$*)) $(cross_static) build/cross/armhf-$*/tests/unit

cross-here: $(UNIT) $(STRESS) $(CROSS_MACHINE)
	@:
$(CROSS_MACHINE): $(O)/obj/tests/cross/machine.o $(O)/libtorc.a $(O)/obj/sources
	@mkdir -p $(@D)
	$(call say,LD,$@) $(LINK) -Wl,--wrap=syscall -o $@ $(filter %.o %.a,$^) $(LIBS)
-include $(O)/obj/tests/cross/machine.d

CHECK_ALL    += cross
CHECK_BROKEN += cross-broken
