# SPDX-License-Identifier: GPL-2.0-or-later
# One Makefile, no recursion: sources are found by wildcard, so a new .c file in a folder below
# is built, linked, tested and style-checked with no edit here. docs/testing.md has the test side.
#
# From the command line: BUILD=DIR builds elsewhere; DIRS="base hw/pci" takes only these folders'
# sources, TESTS="tests/unit/*.c" only these tests (while others' files do not compile);
# K='hw/*' runs only matching tests; V=1 shows the commands.

ifeq ($(wildcard config.mk),)
ifneq ($(filter-out clean distclean help lint,$(or $(MAKECMDGOALS),all)),)
$(error run ./configure first)
endif
endif
-include config.mk

# On its own `make` uses every processor (a make below this one inherits them).
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1)	$(2)')

BUILD ?= build
DESTDIR ?=
PREFIX ?= /usr/local
T ?= 60

# ---- sources

DIRS ?= base jail proc hypervisor hypervisor/* hypervisor/x86/* block block/* net net/* char ui \
	ui/* hw/* dm img roms toolstack toolstack/*
TESTS ?= tests/unit/*.c tests/hw/*.c tests/block/*.c tests/hypervisor/*.c tests/dm/*.c \
	tests/x86/*.c tests/roms/*.c tests/toolstack/*.c

# One main per program; a program whose main does not exist yet is skipped.
MAINS := dm/main.c hypervisor/main.c img/main.c net/nat/main.c ui/vnc/main.c ui/sdl/main.c \
	toolstack/main.c toolstack/store/main.c toolstack/supervisor/main.c
NAME_dm := hvm-dm
NAME_hypervisor := hvm-core
NAME_img := hvm-img
NAME_net/nat := hvm-nat
NAME_ui/vnc := hvm-vnc
NAME_toolstack := hvm
NAME_toolstack/store := hvm-store
NAME_toolstack/supervisor := hvm-supervisor
NAME_ui/sdl := hvm-sdl
# The folders (as patterns) each program is made of.
PARTS_hvm-dm := base/% jail/% proc/% hypervisor/% block/% net/% char/% ui/% hw/% dm/% roms/%
PARTS_hvm-core := base/% jail/% hypervisor/%
PARTS_hvm-img := base/% block/% img/%
PARTS_hvm-nat := base/% jail/% proc/child.c net/opts.c net/nat/%
PARTS_hvm-vnc := base/% ui/layout.c ui/layout_find.c jail/% proc/child.c ui/display.c \
	ui/display_serve.c ui/key.c ui/screen_copy.c ui/vnc/%
PARTS_hvm := base/% jail/% proc/% toolstack/%
PARTS_hvm-store := base/% jail/% toolstack/store/%
PARTS_hvm-supervisor := base/% jail/% proc/% toolstack/%
PARTS_hvm-sdl := base/% jail/% proc/child.c ui/display.c ui/display_serve.c ui/key.c \
	ui/screen_copy.c ui/sdl/%
# Never in hvm-dm: what an intruder in libslirp or libvncserver should not find beside it.
NOT_hvm-dm := proc/child.c proc/broker.c proc/kid.c net/nat/% ui/vnc/% ui/sdl/% ui/screen_copy.c
NOT_hvm := proc/child.c toolstack/supervisor/%

# Named xen*.c or *_xen.c in hypervisor/ and dm/: the parts that call libxen, built only with it.
# The test binary links them without libxen: the tests bring fakes of its functions.
IS_XEN := hypervisor/xen% hypervisor/%_xen.c dm/xen% dm/%_xen.c
IS_SLIRP := net/nat/%
IS_VNC := ui/vnc/%
IS_SDL := ui/sdl/%
ALL_SRCS := $(filter-out $(if $(CONFIG_SLIRP),,$(IS_SLIRP)) $(if $(CONFIG_VNC),,$(IS_VNC)) \
	$(if $(CONFIG_SDL),,$(IS_SDL)),\
	$(sort $(wildcard $(addsuffix /*.c,$(DIRS)))))
# Of roms/x.asl iasl makes AML, and that becomes an array: $(BUILD)/gen/roms/x.aml.c.
AML := $(patsubst %.asl,%.aml.c,$(wildcard $(addsuffix /*.asl,$(DIRS))))
# Of roms/x.S the assembler makes code for real mode, and that an array: $(BUILD)/gen/roms/x.rom.c.
ROM := $(patsubst %.S,%.rom.c,$(wildcard $(filter roms/%,$(addsuffix /*.S,$(DIRS)))))
SRCS := $(filter-out $(MAINS) $(if $(CONFIG_XEN),,$(IS_XEN)),$(ALL_SRCS)) $(AML) $(ROM)
HAVE_MAINS := $(filter $(MAINS),$(ALL_SRCS))
programs_of = $(foreach m,$(HAVE_MAINS),$(BUILD)/bin/$(NAME_$(patsubst %/,%,$(dir $(m)))))
TEST_SRCS := $(sort $(filter-out $(wildcard tests/hw/*fuzz*.c),$(wildcard $(TESTS)))) tests/main.c
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
BENCH_NAMES := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/*.c))
TOOL_NAMES := $(patsubst tests/tools/%.c,%,$(wildcard tests/tools/*.c))

# ---- flags

LIB_VARS := JANSSON SDL VNC PIXMAN AIO ZLIB ZSTD PNG URING SLIRP SECCOMP ZYDIS XKB
LIBS := $(foreach l,$(LIB_VARS),$(LIBS_$(l)))
# Cutting a text to its buffer is what snprintf is used for here (the second is for clang).
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror \
	-Wno-format-truncation -Wno-unknown-warning-option
# No red zone: the engine's arithmetic (hypervisor/x86/fast_alu.c) pushes flags from inside an asm.
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE -pthread -g $(WARN) -fno-common -mno-red-zone -I. \
	$(sort $(patsubst -I%,-isystem%,$(foreach l,$(LIB_VARS) XEN,$(CFLAGS_$(l)))))
HARDEN := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
NORMAL_SAN := $(if $(SANITIZE),-fsanitize=$(SANITIZE))

CFLAGS_obj := $(if $(filter y,$(DEBUG)),-O0,-O2 $(HARDEN)) $(NORMAL_SAN) $(USER_CFLAGS)
CFLAGS_asan := -O1 $(SAN) $(USER_CFLAGS)
CFLAGS_cov := -O0 --coverage $(USER_CFLAGS)
CFLAGS_fuzz := -O1 -fsanitize=fuzzer-no-link $(SAN)
CC_obj = $(CC)
CC_asan = $(CC)
CC_cov = $(CC)
CC_fuzz = clang
# Libraries linked whole would be a lot for hvm-core: only those used become dependencies.
BASE_LDFLAGS := -pthread -Wl,--as-needed
LDFLAGS_obj := -Wl,-z,relro,-z,now $(NORMAL_SAN) $(USER_LDFLAGS)
LDFLAGS_asan := $(SAN) $(USER_LDFLAGS)
LDFLAGS_cov := --coverage $(USER_LDFLAGS)
LDFLAGS_fuzz := -fsanitize=fuzzer $(SAN)

# $(call objs,VARIANT,SOURCES)
objs = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))
# $(call link,VARIANT,LIBRARIES): all objects among the prerequisites become $@.
define link
$(call say,LD,$@)
$(Q)mkdir -p $(@D)
$(Q)$(CC_$(1)) $(BASE_LDFLAGS) $(LDFLAGS_$(1)) $(filter %.o,$^) -o $@ $(2)
endef

# ---- building

.PHONY: all
all: programs tools ## build the programs (and the tests' small tools)

.PHONY: programs tools
programs: $(programs_of)
tools: $(addprefix $(BUILD)/bin/,$(TOOL_NAMES))

# $(call array,FILE): its bytes, as $@.
define array
	$(Q){ echo '/* Written by make from $<; do not edit. */'; \
		echo 'const unsigned char roms_$(notdir $*)[] = {'; \
		od -An -v -tu1 $(1) | sed 's/ *\([0-9][0-9]*\)/\1,/g'; \
		echo '};'; \
		echo 'const unsigned int roms_$(notdir $*)_len = sizeof(roms_$(notdir $*));'; } >$@
endef

# iasl has no macros of its own.
$(BUILD)/gen/%.aml.c: %.asl config.mk Makefile
	$(call say,IASL,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c $< -o $(@:.aml.c=.asl)
	$(Q)$(IASL) -we -p $(@:.aml.c=) $(@:.aml.c=.asl) >$(@:.aml.c=.log) || \
		{ cat $(@:.aml.c=.log); exit 1; }
	$(call array,$(@:.aml.c=.aml))

$(BUILD)/gen/%.rom.c: %.S config.mk Makefile
	$(call say,AS,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -m32 -E $< | $(AS) --32 -o $(@:.rom.c=.o) - # clang has an assembler of its own
	$(Q)objcopy -O binary -j .text $(@:.rom.c=.o) $(@:.rom.c=.bin)
	$(call array,$(@:.rom.c=.bin))

# One rule per variant.
define variant
$(BUILD)/$(1)/%.o: $(BUILD)/gen/%.c config.mk Makefile
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(BASE_CFLAGS) $$(CFLAGS_$(1)) -c $$< -o $$@

$(BUILD)/$(1)/%.o: %.c config.mk Makefile
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(BASE_CFLAGS) $$(CFLAGS_$(1)) -MMD -MP -MT $$@ -MF $$(@:.o=.d) \
		-c $$< -o $$@
endef
$(foreach v,obj asan cov fuzz,$(eval $(call variant,$(v))))

# $(1): a main. hvm-dm alone meets libxen; the others leave out the files that call it.
define program
PROG := $$(NAME_$(patsubst %/,%,$(dir $(1))))
$$(BUILD)/bin/$$(PROG): $$(call objs,obj,$(1) $$(filter $$(PARTS_$$(PROG)),\
		$$(filter-out $$(NOT_$$(PROG)) $$(if $$(filter hvm-dm,$$(PROG)),,$$(IS_XEN)),\
		$$(SRCS))))
	$$(call link,obj,$$(LIBS) $$(if $$(filter %/hvm-dm,$$@),$$(LIBS_XEN)))
endef
$(foreach m,$(HAVE_MAINS),$(eval $(call program,$(m))))

# A tool is tests/tools/NAME.c and, when it needs more, the files of tests/tools/NAME/.
define tool
$$(BUILD)/bin/$(1): $$(call objs,obj,tests/tools/$(1).c $$(wildcard tests/tools/$(1)/*.c) $$(SRCS))
	$$(call link,obj,$$(LIBS) $$(LIBS_XEN))
endef
$(foreach t,$(TOOL_NAMES),$(eval $(call tool,$(t))))

$(addprefix $(BUILD)/obj/tests/bench/,$(BENCH_NAMES)): %: %.o \
		$(call objs,obj,tests/bench/lib/run.c $(SRCS))
	$(call link,obj,$(LIBS) $(LIBS_XEN) -lm)

$(BUILD)/asan/tests/check: $(call objs,asan,$(SRCS) $(TEST_SRCS))
	$(call link,asan,$(LIBS))

# The twins of hvm-dm that tests start: sanitized, and counting lines.
$(BUILD)/asan/hvm-dm: $(call objs,asan,dm/main.c $(SRCS))
	$(call link,asan,$(LIBS) $(LIBS_XEN))

$(BUILD)/asan/hvm-nat: $(call objs,asan,net/nat/main.c $(filter $(PARTS_hvm-nat),$(SRCS)))
	$(call link,asan,$(LIBS))

$(BUILD)/asan/hvm-sdl: $(call objs,asan,ui/sdl/main.c $(filter $(PARTS_hvm-sdl),$(SRCS)))
	$(call link,asan,$(LIBS))

$(BUILD)/asan/hvm-vnc: $(call objs,asan,ui/vnc/main.c $(filter $(PARTS_hvm-vnc),$(SRCS)))
	$(call link,asan,$(LIBS))

$(BUILD)/cov/hvm-dm: $(call objs,cov,dm/main.c $(SRCS))
	$(call link,cov,$(LIBS) $(LIBS_XEN))

$(BUILD)/cov/tests/check: $(call objs,cov,$(SRCS) $(TEST_SRCS))
	$(call link,cov,$(LIBS))

# All share tests/fuzz/lib/. The devices' grammar (LAW_OP) stands in their tests.
$(BUILD)/fuzz/devices $(BUILD)/fuzz/uhci: $(call objs,fuzz,$(wildcard tests/hw/*.c))
$(addprefix $(BUILD)/fuzz/,$(FUZZ_NAMES)): $(BUILD)/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o \
		$(call objs,fuzz,$(wildcard tests/fuzz/lib/*.c) $(SRCS))
	$(call link,fuzz,$(LIBS) $(LIBS_XEN))

-include $(foreach v,obj asan cov fuzz,$(patsubst %.c,$(BUILD)/$(v)/%.d,$(ALL_SRCS) $(TEST_SRCS)))
-include $(wildcard $(addprefix $(BUILD)/*/tests/,fuzz/*.d fuzz/lib/*.d bench/*.d bench/lib/*.d \
	tools/*.d tools/*/*.d))

# ---- testing

# run.sh makes these as its build step, so that a broken build is one counted failure.
.PHONY: check-build
DM_MAIN := $(wildcard dm/main.c)
check-build: all guests $(patsubst %,$(BUILD)/obj/tests/bench/%.o,$(BENCH_NAMES)) \
		$(BUILD)/asan/tests/check $(if $(DM_MAIN),$(BUILD)/asan/hvm-dm) \
		$(if $(filter net/nat/main.c,$(HAVE_MAINS)),$(BUILD)/asan/hvm-nat) \
		$(if $(filter ui/vnc/main.c,$(HAVE_MAINS)),$(BUILD)/asan/hvm-vnc) \
		$(if $(filter ui/sdl/main.c,$(HAVE_MAINS)),$(BUILD)/asan/hvm-sdl)
	@:

# Linux guests of Debian's packages; without those the tests that boot them are skipped.
.PHONY: guests
guests: $(BUILD)/guest/made ## build the Linux guests that tests boot
$(BUILD)/guest/made: $(wildcard $(addprefix tests/guest/,lib/*.c lib/*.S lib/*.inc lib/init \
		lib/build.sh lib/disk.sh lib/disk/* selfcheck/*)) config.mk
	$(call say,GUEST,$(@D))
	$(Q)CC='$(CC)' BUSYBOX='$(BUSYBOX)' LIB32='$(LIB32)' DEB_LINUX='$(DEB_LINUX)' \
		DI_I386='$(DI_I386)' sh tests/guest/lib/build.sh $(@D)
	@touch $@

export BUILD CC
SCRIPTS := tests/dm tests/hypervisor tests/build tests/docs tests/guest tests/img tests/toolstack
.PHONY: check check-full
check: ## lint, unit and device tests under sanitizers, shell tests
	+@MAKE='$(MAKE)' K='$(K)' sh tests/run.sh $(SCRIPTS)

check-full: ## check, and the long tests
	+@MAKE='$(MAKE)' K='$(K)' sh tests/run.sh $(SCRIPTS) tests/full

.PHONY: lint format
lint: ## style: include rules, sizes, format (seconds, no build)
	@CC='$(CC)' CFLAGS='$(BASE_CFLAGS)' sh tests/style/lint.sh

format: ## let clang-format rewrite all C files, or FILES="…"
	clang-format -i $(or $(FILES),$(shell git ls-files -co --exclude-standard '*.c' '*.h'))

.PHONY: coverage
coverage: ## line coverage of the unit and device tests, per file
coverage: $(BUILD)/cov/tests/check $(if $(DM_MAIN),$(BUILD)/cov/hvm-dm)
	@CC='$(CC)' sh tests/coverage.sh $(BUILD)/cov $(filter hw/% hypervisor/% base/%,$(SRCS))

.PHONY: fuzz
fuzz: ## every fuzzer for T seconds (make fuzz T=60)
ifeq ($(FUZZER),y)
fuzz: $(addprefix $(BUILD)/fuzz/,$(FUZZ_NAMES))
	@sh tests/fuzz.sh $(BUILD)/fuzz $(T) $(FUZZ_NAMES)
else
	@echo 'make fuzz needs clang with libFuzzer: ./configure --install-deps installs it'; exit 1
endif

# What the engines run, for tests/bench/engine.c.
$(BUILD)/bench/work: tests/bench/lib/work.c tests/guest/lib/debuggee_start.S Makefile
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -m64 -O2 -std=c11 -ffreestanding -fno-stack-protector -fno-pic -no-pie \
		-mno-red-zone -fcf-protection=none -fno-asynchronous-unwind-tables \
		-nostdlib -static -Wl,-Ttext=0x201000,--build-id=none,-z,max-page-size=4096 \
		-Wl,--section-start=.multiboot=0x200000 -Itests/guest/lib \
		tests/guest/lib/debuggee_start.S tests/bench/lib/work.c -o $@.elf
	$(Q)objcopy -O elf32-i386 $@.elf $@

# What a guest runs, for tests/bench/rates.c.
$(BUILD)/bench/rates: tests/bench/lib/rates.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -std=c11 -D_GNU_SOURCE -static -s -Wall -Wextra -Werror $< -o $@

# The same for tests/bench/guest.c.
$(BUILD)/bench/works: tests/bench/lib/works.c
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -std=c11 -D_GNU_SOURCE -pthread -static -s -Wall -Wextra -Werror $< -o $@

.PHONY: bench
BENCHES := $(addprefix $(BUILD)/obj/tests/bench/,$(or $(B),$(BENCH_NAMES)))
BENCH_GUESTS := $(addprefix $(BUILD)/bench/,work works rates)
bench: $(BENCH_GUESTS) $(BENCHES) ## run the benchmarks (B='idle disk')
	@for b in $(BENCHES); do echo "== $${b##*/}"; $$b || exit 1; done

.PHONY: demo
demo: programs $(BUILD)/bin/viewer guests ## a guest to look at (SCREENSHOT=x.png: by itself)
	@sh tests/demo.sh $(SCREENSHOT)

# ---- installing

HOTPLUG = $(wildcard toolstack/scripts/*)
MANUALS = $(wildcard docs/*.1)
COMPLETIONS := share/bash-completion/completions
ROMS = $(wildcard $(BUILD)/roms/*)

.PHONY: install uninstall
install: programs ## install below PREFIX (DESTDIR= goes in front)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(programs_of) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/libexec/hvm
	install -m 755 $(HOTPLUG) $(DESTDIR)$(PREFIX)/libexec/hvm
ifneq ($(MANUALS),)
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(MANUALS) $(DESTDIR)$(PREFIX)/share/man/man1
endif
	install -d $(DESTDIR)$(PREFIX)/$(COMPLETIONS)
	$(BUILD)/bin/hvm completion >$(DESTDIR)$(PREFIX)/$(COMPLETIONS)/hvm
ifneq ($(ROMS),)
	install -d $(DESTDIR)$(PREFIX)/share/hvm
	install -m 644 $(ROMS) $(DESTDIR)$(PREFIX)/share/hvm
endif

uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,$(notdir $(programs_of)))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/libexec/hvm/,$(notdir $(HOTPLUG)))
	rm -f $(DESTDIR)$(PREFIX)/$(COMPLETIONS)/hvm
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/man/man1/,$(notdir $(MANUALS)))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/share/hvm/,$(notdir $(ROMS)))

.PHONY: clean distclean help
clean: ## remove what was built
	rm -rf $(BUILD)

distclean: clean ## and what configure wrote
	rm -f config.mk config.h

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' Makefile
