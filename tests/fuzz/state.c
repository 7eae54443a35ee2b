/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State streams of a whole machine, platform and devices. Refused: nothing has changed. Taken: it
 * saves to a stream that loads again, and a guest lives on in it.
 */
#include "hypervisor/domain.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"

#include <stdio.h>

/* The devices of tests/hw/state_v1.c. */
static const char options[] =
	"-accel qtest -M pc -m 16 -S -nodefaults -rtc base=2026-01-01T00:00:00,clock=vm "
	"-serial null -serial null -drive file=fd:%d,if=ide,format=raw,id=hd0 "
	"-device rtl8139,id=nic0,mac=52:54:00:12:34:56 -device isa-debugcon,id=debugcon";

static struct fuzz_machine f;
static struct dev_stream clean; /* as it was made */

static void save(struct dev_stream *s)
{
	struct err e = {""};

	*s = (struct dev_stream){0};
	OK(machine_save(f.m, s, &e));
	EQS("", e.msg);
}

static void load(const struct dev_stream *s)
{
	struct err e = {""};

	machine_load(f.m, s->data, s->len, &e);
	EQS("", e.msg);
}

static void begin(void)
{
	static const uint8_t disk[65536];
	char text[1024];

	snprintf(text, sizeof(text), options, fuzz_memfd(disk, sizeof(disk)));
	fuzz_machine_new(&f, text);
	save(&clean);
}

static void use(void)
{
	static const uint16_t ports[] = {0x20,   0x21,   0xa0,  0x40,   0x42,   0x61,
					 0x71,   0x92,   0x3f8, 0x3fa,  0x3fe,  0x1f0,
					 0x1f7,  0x3f6,  0xcfc, 0xc000, 0xc002, 0xc13e,
					 0xc137, 0xc148, 0x08,  0x4d0,  0x2f8};
	uint32_t v;

	for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
		domain_in(f.m->dom, DOMAIN_NO_VCPU, ports[i], 1, &v);
		domain_out(f.m->dom, DOMAIN_NO_VCPU, ports[i], 1, v);
	}
	clock_advance(f.m->clock, 1000000);
	machine_requests(f.m);
	machine_unlock(f.m);
	for (unsigned i = 0; i < 3; i++)
		loop_step(f.loop, 0);
	machine_lock(f.m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dev_stream before, after;
	struct err e = {""};
	int rc;

	if (!f.m)
		begin();
	machine_lock(f.m);
	load(&clean);
	save(&before);
	rc = machine_load(f.m, data, size, &e);
	save(&after);
	if (rc) {
		CHECK(e.msg[0]);
		EQ(before.len, after.len);
		EQM(before.data, after.data, before.len);
	} else {
		load(&after);
		use();
	}
	dev_stream_free(&before);
	dev_stream_free(&after);
	machine_unlock(f.m);
	return 0;
}
