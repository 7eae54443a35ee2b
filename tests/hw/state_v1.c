/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hw/state_v1.c: a machine that was saved when the stream's version was 1 loads for ever.
 *
 * tests/hw/state-v1.hvmstate was written by `HVM_STATE_V1=FILE check -k '*state_v1.write*'` and is
 * never written again: a change that cannot read it is a change that loses somebody's guest.
 */
#include "dm/machine.h"
#include "dm/options.h"
#include "hypervisor/domain.h"
#include "tests/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_V1 "tests/hw/state-v1.hvmstate"

struct saved_machine {
	struct machine_config cfg;
	struct loop *loop;
	struct machine *m;
	char disk[64];
};

#define OPTIONS                                                                           \
	"-accel qtest -M pc -m 16 -S -nodefaults -rtc base=2026-01-01T00:00:00,clock=vm " \
	"-serial null -serial null -drive file=%s,if=ide,format=raw,id=hd0 "              \
	"-device rtl8139,id=nic0,mac=52:54:00:12:34:56 -device isa-debugcon,id=debugcon"

static void make(struct saved_machine *s)
{
	struct err e = {""};
	char text[1024];
	int fd;

	memset(s, 0, sizeof(*s));
	strcpy(s->disk, "/tmp/hvm-state-XXXXXX");
	fd = mkstemp(s->disk);
	MUST(fd >= 0 && ftruncate(fd, 1 << 20) == 0);
	MUST(pwrite(fd, "sector one", 10, 512) == 10);
	close(fd);
	snprintf(text, sizeof(text), OPTIONS, s->disk);
	MUST(options_parse_text(&s->cfg, text, &e) == OPTIONS_RUN);
	s->loop = loop_new(&e);
	s->m = machine_new(&s->cfg, s->loop, &e);
	EQS("", e.msg);
	MUST(s->m);
	machine_lock(s->m);
}

static void end(struct saved_machine *s)
{
	machine_unlock(s->m);
	machine_free(s->m);
	loop_free(s->loop);
	config_free(&s->cfg);
	unlink(s->disk);
}

static uint32_t in(struct saved_machine *s, uint16_t port, unsigned size)
{
	uint32_t v = 0;

	OK(domain_in(s->m->dom, DOMAIN_NO_VCPU, port, size, &v));
	return v;
}

static void out(struct saved_machine *s, uint16_t port, unsigned size, uint32_t v)
{
	OK(domain_out(s->m->dom, DOMAIN_NO_VCPU, port, size, v));
}

static void cfg_out(struct saved_machine *s, unsigned devfn, unsigned at, uint32_t v)
{
	out(s, 0xcf8, 4, 0x80000000 | devfn << 8 | at);
	out(s, 0xcfc, 4, v);
}

static uint32_t cfg_in(struct saved_machine *s, unsigned devfn, unsigned at)
{
	out(s, 0xcf8, 4, 0x80000000 | devfn << 8 | at);
	return in(s, 0xcfc, 4);
}

static void turns(struct saved_machine *s)
{
	machine_unlock(s->m);
	for (unsigned i = 0; i < 200; i++)
		loop_step(s->loop, 1);
	machine_lock(s->m);
}

/* ---- something in every device that is not as after reset ---- */

static void busy_platform(struct saved_machine *s)
{
	static const uint8_t icw[] = {0x11, 0x20, 0x04, 0x01};

	out(s, 0x20, 1, icw[0]);
	for (unsigned i = 1; i < 4; i++)
		out(s, 0x21, 1, icw[i]);
	out(s, 0x21, 1, 0xb8);  /* IMR */
	out(s, 0x4d1, 1, 0x0c); /* ELCR: 10, 11 level */
	out(s, 0x43, 1, 0x34);  /* channel 0, mode 2 */
	out(s, 0x40, 1, 0x9c);
	out(s, 0x40, 1, 0x2e);
	out(s, 0x70, 1, 0x0b);
	out(s, 0x71, 1, 0x42); /* periodic interrupt */
	out(s, 0x70, 1, 0x40);
	out(s, 0x71, 1, 0x5a); /* CMOS of the device model */
}

static void busy_serial(struct saved_machine *s)
{
	out(s, 0x3fb, 1, 0x83);
	out(s, 0x3f8, 2, 0x000c); /* 9600 */
	out(s, 0x3fb, 1, 0x03);
	out(s, 0x3fa, 1, 0x81); /* FIFO, trigger at 8 */
	out(s, 0x3fc, 1, 0x1b); /* loopback */
	out(s, 0x3f9, 1, 0x05);
	for (const char *p = "fifo"; *p; p++)
		out(s, 0x3f8, 1, (uint8_t)*p);
	out(s, 0x3ff, 1, 0xa5);
	out(s, 0x2ff, 1, 0xc3);
}

static void busy_pci(struct saved_machine *s)
{
	cfg_out(s, 0, 0x58, 0x33303010);      /* PAM */
	cfg_out(s, 1 << 3, 0x60, 0x0b0a8080); /* PIRQ C, D */
	cfg_out(s, 1 << 3 | 1, 0x20, 0xc001); /* BMIBA */
	cfg_out(s, 1 << 3 | 1, 4, 5);
	cfg_out(s, 2 << 3, 0x10, 0xc101);
	cfg_out(s, 2 << 3, 0x14, 0xe0001000);
	cfg_out(s, 2 << 3, 4, 7);
}

/* In the middle of a sector by PIO, and the bus master pointed somewhere. */
static void busy_ide(struct saved_machine *s)
{
	out(s, 0xc004, 4, 0x00012340);
	out(s, 0x1f6, 1, 0xe0);
	out(s, 0x1f2, 1, 1);
	out(s, 0x1f3, 1, 1);
	out(s, 0x1f4, 2, 0);
	out(s, 0x1f7, 1, 0x20);
	turns(s);
	EQ(0x58, in(s, 0x1f7, 1));
	EQ('s' | 'e' << 8, in(s, 0x1f0, 2));
}

static void busy_nic(struct saved_machine *s)
{
	out(s, 0xc130, 4, 0x00100000); /* RBSTART */
	out(s, 0xc137, 1, 0x0c);
	out(s, 0xc144, 4, 0x0000f78f);
	out(s, 0xc13c, 2, 0x0005);
	out(s, 0xc154, 4, 0x00010000); /* TimerInt */
	out(s, 0xc120, 4, 0x00200000);
	out(s, 0xc110, 4, 64); /* one frame to nobody */
}

static void busy(struct saved_machine *s)
{
	busy_platform(s);
	busy_serial(s);
	busy_pci(s);
	busy_ide(s);
	busy_nic(s);
	clock_advance(s->m->clock, 12345678);
}

/* ---- the file ---- */

static uint8_t *read_v1(size_t *len)
{
	FILE *f = fopen(FILE_V1, "rb");
	uint8_t *p = malloc(1 << 20);

	MUST(f && p);
	*len = fread(p, 1, 1 << 20, f);
	fclose(f);
	MUST(*len > 1000);
	return p;
}

TEST(state_v1_write)
{
	const char *path = getenv("HVM_STATE_V1");
	struct dev_stream st = {0};
	struct saved_machine s;
	struct err e = {""};
	FILE *f;

	make(&s);
	busy(&s);
	OK(machine_save(s.m, &st, &e));
	EQS("", e.msg);
	CHECK(st.len > 1000);
	if (path) {
		f = fopen(path, "wb");
		MUST(f && fwrite(st.data, 1, st.len, f) == st.len);
		fclose(f);
	}
	dev_stream_free(&st);
	end(&s);
}

TEST(state_v1_loads_and_goes_on)
{
	struct saved_machine s;
	struct err e = {""};
	size_t len;
	uint8_t *v1 = read_v1(&len);

	make(&s);
	OK(machine_load(s.m, v1, len, &e));
	EQS("", e.msg);
	EQ(12345678, clock_now(s.m->clock));
	EQ(0xb8, in(&s, 0x21, 1));
	EQ(0x0c, in(&s, 0x4d1, 1));
	out(&s, 0x70, 1, 0x40);
	EQ(0x5a, in(&s, 0x71, 1));
	out(&s, 0x70, 1, 0x0b);
	EQ(0x42, in(&s, 0x71, 1));
	EQ(0xa5, in(&s, 0x3ff, 1));
	EQ(0xc3, in(&s, 0x2ff, 1));
	for (const char *p = "fifo"; *p; p++)
		EQ(*p, in(&s, 0x3f8, 1));
	EQ(0x33303010, cfg_in(&s, 0, 0x58));
	EQ(0x0b0a8080, cfg_in(&s, 1 << 3, 0x60));
	EQ(0x00012340, in(&s, 0xc004, 4));
	EQ('c' | 't' << 8 | 'o' << 16 | (uint32_t)'r' << 24, in(&s, 0x1f0, 4));
	EQ(0x58, in(&s, 0x1f7, 1));
	EQ(0x12005452, in(&s, 0xc100, 4));
	EQ(0x00100000, in(&s, 0xc130, 4));
	EQ(0x5634, in(&s, 0xc104, 2));
	free(v1);
	end(&s);
}

#define SLICES 8

/* Refused with a sentence, or taken: and then a guest lives on in it. The sanitizers watch. */
TEST_EACH(state_v1_every_bit_flip, SLICES, "slice")
{
	static const uint16_t ports[] = {0x20,   0x21,   0xa0,   0x40,  0x42,  0x61,
					 0x71,   0x3f8,  0x3fa,  0x1f0, 0x1f7, 0xc000,
					 0xc002, 0xc13e, 0xc137, 0xc148};
	struct saved_machine s;
	size_t len, refused = 0, taken = 0;
	uint8_t *v1 = read_v1(&len);

	make(&s);
	for (size_t bit = i; bit < 8 * len; bit += SLICES) {
		struct err e = {""};
		v1[bit / 8] ^= 1u << bit % 8;
		if (machine_load(s.m, v1, len, &e)) {
			refused++;
			CHECK(e.msg[0]);
		} else {
			taken++;
			for (size_t n = 0; n < sizeof(ports) / sizeof(*ports); n++)
				in(&s, ports[n], 1);
			clock_advance(s.m->clock, 1000000);
		}
		v1[bit / 8] ^= 1u << bit % 8;
	}
	NOTE("%zu bytes: %zu flips refused, %zu taken", len, refused, taken);
	CHECK(refused > len / 4);
	CHECK(taken > 0);
	free(v1);
	end(&s);
}
