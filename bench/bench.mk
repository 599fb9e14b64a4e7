# bench.mk - the benchmark suite: `make bench`, `make bench-peers`, `make bench-report`, `make bench-table`,
# `make bench-goals`, `make bench-broken`.
#
# torc and the raw limits are linked into build/bench/suite. Each peer is a shared object of its own in build/bench/peers, built
# only where its package could be had; the suite reports the others as absent.

SUITE_SRC := $(sort $(wildcard bench/suite/*.c)) bench/machine.c bench/report.c \
             $(addprefix bench/peers/,raw.cpp raw_blocks.cpp raw_lanes.cpp standard.cpp torc.cpp torc_blocks.cpp total.cpp)
SUITE     := $(O)/bench/suite
# ck is what torc itself needs, and mutex needs nothing.
PEERS     := ck mutex boost moodycamel tbb rte_ring wfcqueue nng zmq iceoryx disruptor mimalloc jemalloc rte_mempool
# Where the package has another name than the peer.
peer_list_rte_ring    := dpdk
peer_list_rte_mempool := dpdk
peer_list_wfcqueue    := urcu
peer_list = peer-$(or $(peer_list_$(1)),$(1))

dpdk_flags = $(shell $(PKG_CONFIG) --cflags libdpdk | sed 's/-I/-isystem /g')
peer_flags_rte_ring    = $(dpdk_flags)
peer_flags_rte_mempool = $(dpdk_flags)
# try_pop fills what it is given only if it answers true, which the compiler cannot see.
peer_flags_tbb         = -Wno-maybe-uninitialized
# Its headers lie in a directory of their version.
peer_flags_iceoryx     = $(addprefix -isystem ,$(wildcard /usr/include/iceoryx/v*))
peer_libs_iceoryx      := -liceoryx_binding_c
peer_libs_ck           := -lck
peer_libs_tbb          := -ltbb
peer_libs_rte_ring     := -lrte_ring
peer_libs_rte_mempool  := -lrte_eal -lrte_mempool -lrte_mempool_ring -lrte_ring
peer_libs_nng          := -lnng
peer_libs_zmq          := -lzmq
peer_libs_mimalloc     := -lmimalloc
peer_libs_jemalloc     := -ljemalloc

FORMATTED += $(wildcard bench/suite/*.[ch] bench/peers/*.cpp bench/peers/*.hpp)

.PHONY: bench bench-peers bench-report bench-table bench-goals bench-broken bench-marks suite-here peers-here broken-here
ifneq ($(filter bench bench-peers bench-report bench-table bench-goals bench-broken bench-marks,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

# All loops begin at multiples of 32: where those that fill and add up 16 KiB happened to lie made 0.6 of torc's rate, with the
# same instructions.
$(call object,$(filter %.cpp,$(SUITE_SRC))) $(PEERS:%=$(O)/bench/peers/%.so): private OPTIMISE += -falign-loops=32

-include $(patsubst %.o,%.d,$(call object,$(SUITE_SRC)))
$(SUITE): $(call object,$(SUITE_SRC)) $(O)/libtorc.a $(O)/obj/sources
	@mkdir -p $(@D)
	@# The peers call bench_die and others of its functions.
	$(call say,LD,$@) $(LINK_CXX) -rdynamic -Wl,--as-needed -o $@ $(filter %.o %.a,$^) $(LIBS) -ldl

-include $(wildcard $(O)/bench/peers/*.d)
# Compiled and linked in one go; -fno-plt, so that calls into the library cost what they would in a program that links it.
$(O)/bench/peers/%.so: bench/peers/%.cpp $(O)/obj/flags
	@mkdir -p $(@D)
	$(call say,SO,$@) $(COMPILE_CXX) -fPIC -fno-plt $(peer_flags_$*) -MMD -MP -MF $(@:.so=.d) -shared -o $@ $< \
	    $(LDFLAGS) -Wl,--no-as-needed $(peer_libs_$*)

suite-here: $(SUITE)
peers-here: $(PEERS:%=$(O)/bench/peers/%.so)
suite-here peers-here broken-here:
	@:

$(O)/bench/peers/iceoryx.so: $(O)/bench/peers/iceoryx.toml
$(O)/bench/peers/iceoryx.toml: bench/peers/iceoryx.toml
	@mkdir -p $(@D)
	@cp $< $@
# The plug-in talks to this program.
DISRUPTOR_JAR ?= /usr/share/java/disruptor.jar
$(O)/bench/peers/disruptor.so: $(O)/bench/peers/Disruptor.class
$(O)/bench/peers/disruptor.so: DEFINES += '-DDISRUPTOR_JAR="$(DISRUPTOR_JAR)"'
$(O)/bench/peers/Disruptor.class: bench/peers/Disruptor.java
	@mkdir -p $(@D)
	$(call say,JAVA,$@) javac -d $(@D) -cp $(DISRUPTOR_JAR) $<

bench: ## Measure torc beside the raw limits of this machine (ARGS=options, see --help)
	$(DEPS) build bench
	$(again) suite-here
	@$(SUITE) $(ARGS)

# What cannot be installed, or does not build with what is, is left out, and stays out of the way of the others.
bench-peers: ## Measure torc beside every peer that can be installed
	$(DEPS) build bench
	@$(foreach peer,$(PEERS),CC='$(CC)' CXX='$(CXX)' sh .ci/deps $(call peer_list,$(peer)) || { \
	    echo 'absent: $(peer)'; rm -f $(O)/bench/peers/$(peer).so; };)
	+@$(MAKE) --no-print-directory --keep-going $(jobs) suite-here peers-here || \
	    echo 'bench-peers: what did not build is absent'
	@$(SUITE) --peers $(ARGS)

bench-report: ## Draw the last results: SVG plots and build/bench/report.html
	$(DEPS) report
	@sh bench/report.sh $(O)/bench
bench-table: ## Print the README's speed table from the last results
	@sh bench/table.sh $(O)/bench
bench-goals: ## Print the goals beside the last results
	@sh bench/goals.sh $(O)/bench
bench-broken: ## Measure a queue that loses, changes or repeats an event, hangs or crashes; fails unless each is noticed
	$(DEPS) build bench
	$(again) suite-here broken-here
	@sh bench/broken.sh $(SUITE)
broken-here: $(O)/bench/peers/broken.so
CHECK_BROKEN += bench-broken

bench-marks: ## Build and run the speed marks of allocators and of protocols for readers that come and go
	$(DEPS) build marks
	$(again) bench-here
	@for program in $(BENCH); do $$program $(ARGS) || exit 1; done
