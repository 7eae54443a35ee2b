/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests as the core could send them, one field out of range at a time: the guest's nonsense
 * and the core's own must both end in a defined answer. A recorder stands for a device.
 */
#include "dm/ioreq.h"

#include "base/util.h"
#include "dm/machine.h"
#include "dm/options.h"
#include "tests/test.h"

#include <stdio.h>

#define PORT 0x5100u
#define MMIO 0xe8000000u

/* ---- a device that counts, remembers the last write, and has a data port ---- */

struct probe {
	uint32_t reg, last, n_data;
	uint8_t data[8192];
};

static uint64_t count_read(struct dev *d, const struct access *a)
{
	struct probe *p = d->state;

	(void)a;
	return p->n_data++;
}

static void count_written(struct dev *d, const struct access *a)
{
	struct probe *p = d->state;

	p->last = (uint32_t)a->val;
	if (p->n_data < sizeof(p->data))
		p->data[p->n_data] = (uint8_t)a->val;
	p->n_data++;
}

static int probe_realize(struct dev *d, struct err *e)
{
	(void)e;
	dev_window(d, 0, 0, 0, 16, SPACE_IO, PORT);
	dev_window(d, 1, 1, 0, 4096, SPACE_MEM, MMIO);
	return 0;
}

static const struct region regions[] = {{.name = "ports", .len = 16}, {.name = "mem", .len = 4096}};
static const struct row rows[] = {
	REG(0, struct probe, reg, .rw = 0xffffffff),
	CALC(8, 4, "port", .flags = ROW_PORT, .read = count_read, .written = count_written),
	CALC(0, 4, "mem", .region = 1, .count = 1024, .stride = 4, .read = count_read,
	     .written = count_written),
	HID(struct probe, last, .hw = 0xffffffff),
	HID(struct probe, n_data, .hw = 0xffffffff),
	HID_ARRAY(struct probe, data, .hw = 0xff),
};
static struct dev_class probe_class = {
	.name = "test-ioreq-probe",
	.summary = "counts accesses",
	.state_size = sizeof(struct probe),
	.regions = regions,
	.n_regions = ARRAY_SIZE(regions),
	.rows = rows,
	.n_rows = ARRAY_SIZE(rows),
	.realize = probe_realize,
};

/* ---- the bench ---- */

static struct machine_config cfg;
static struct loop *loop;
static struct machine *m;
static struct probe *probe;

static void begin(void)
{
	struct err e = {""};
	static bool registered;

	if (!registered)
		dev_register(&probe_class);
	registered = true;
	MUST(options_parse_text(&cfg, "-accel qtest -nodefaults -m 16 -device test-ioreq-probe",
				&e) == OPTIONS_RUN);
	loop = loop_new(&e);
	m = machine_new(&cfg, loop, &e);
	test_note("%s", e.msg);
	MUST(m);
	machine_lock(m);
	probe = dev_find(m->env, "anon[0]")->state;
}

static void end(void)
{
	machine_unlock(m);
	machine_free(m);
	loop_free(loop);
	config_free(&cfg);
}

static uint64_t run(struct hv_ioreq r)
{
	r.state = HV_IOREQ_INPROCESS;
	ioreq_handle(m->board, &r);
	return r.data;
}

static struct hv_ioreq pio(uint64_t port, unsigned size, bool read, uint64_t data)
{
	return (struct hv_ioreq){.type = HV_IOREQ_PIO,
				 .addr = port,
				 .size = size,
				 .count = 1,
				 .dir = read,
				 .data = data};
}

static void ram(uint64_t gpa, void *buf, size_t len, bool write)
{
	size_t n = len;
	void *p = m->hv->ops->dma_map(m->hv, gpa, &n, write);

	MUST(p && n == len);
	memcpy(write ? p : buf, write ? buf : p, len);
	m->hv->ops->dma_unmap(m->hv, p, gpa, write ? len : 0);
}

TEST(single)
{
	begin();
	run(pio(PORT, 4, false, 0x11223344));
	EQ(0x11223344, run(pio(PORT, 4, true, ~0ull)));
	EQ(0x3344, run(pio(PORT, 2, true, ~0ull)));
	EQ(0x11, run(pio(PORT + 3, 1, true, ~0ull)));
	run(pio(PORT + 1, 1, false, 0xffffffffffffffaa));
	EQ(0x1122aa44, run(pio(PORT, 4, true, 0)));
	EQ(0xffffffff, run(pio(0x6000, 4, true, 0)));
	end();
}

TEST(rep_by_pointer)
{
	uint8_t in[40];
	uint32_t words[10];
	struct hv_ioreq r = pio(PORT + 8, 4, true, 0x2fe0);

	begin();
	r.data_is_ptr = 1;
	r.count = 10;
	run(r); /* across a page */
	ram(0x2fe0, words, 32, false);
	EQ(0, words[0]);
	EQ(7, words[7]);
	ram(0x3000, words, 8, false);
	EQ(9, words[1]);
	r.df = 1;
	r.data = 0x4024;
	run(r);
	ram(0x4000, words, 40, false);
	EQ(19, words[0]);
	EQ(10, words[9]);
	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i + 1);
	ram(0x5000, in, sizeof(in), true);
	probe->n_data = 0;
	r = pio(PORT + 8, 1, false, 0x5000);
	r.data_is_ptr = 1;
	r.count = 40;
	run(r);
	EQ(40, probe->n_data);
	EQM(in, probe->data, 40);
	end();
}

TEST(rep_to_memory_moves_the_address)
{
	uint32_t words[4] = {1, 2, 3, 4};
	struct hv_ioreq r = {.type = HV_IOREQ_COPY,
			     .addr = MMIO,
			     .data = 0x1000,
			     .size = 4,
			     .count = 4,
			     .data_is_ptr = 1};

	begin();
	ram(0x1000, words, sizeof(words), true);
	run(r);
	EQ(4, probe->n_data);
	EQ(4, probe->last);
	/* Past the window's end: the first two are there, the rest is nobody's. */
	r.addr = MMIO + 4096 - 8;
	run(r);
	EQ(6, probe->n_data);
	/* By value, as rep stos: each unit is the same. */
	r = (struct hv_ioreq){.type = HV_IOREQ_COPY,
			      .addr = MMIO + 12,
			      .data = 7,
			      .size = 4,
			      .count = 4,
			      .df = 1};
	run(r);
	EQ(10, probe->n_data);
	EQ(7, probe->last);
	end();
}

TEST(memory_that_is_not_ram)
{
	struct hv_ioreq r = pio(PORT + 8, 4, false, 0xf0000000);

	begin();
	r.data_is_ptr = 1;
	r.count = 3;
	run(r);
	EQ(3, probe->n_data);
	EQ(0xffffffff, probe->last);
	r.dir = HV_IOREQ_READ;
	run(r); /* dropped */
	EQ(6, probe->n_data);
	r.data = ~0ull - 5; /* wraps round: nonsense, nothing is touched */
	r.count = 1000;
	run(r);
	r.df = 1;
	r.data = 8;
	run(r);
	EQ(6, probe->n_data);
	end();
}

TEST(configuration)
{
	struct hv_ioreq r = {
		.type = HV_IOREQ_PCI_CONFIG, .addr = 0, .size = 4, .count = 1, .dir = 1};

	begin();
	EQ(0x12378086, run(r));
	r.addr = 8ull << 32;
	EQ(0x70008086, run(r));
	r.addr = 8ull << 32 | 2;
	r.size = 2;
	EQ(0x7000, run(r));
	r.addr = 0xf8ull << 32;
	EQ(0xffff, run(r));
	r.addr = 0x108ull << 32; /* bus 1 */
	EQ(0xffff, run(r));
	r.addr = 8ull << 32 | 0xff; /* over the end */
	EQ(0xffff, run(r));
	r.addr = 8ull << 32 | 0x1000;
	EQ(0xffff, run(r));
	end();
}

/* Each is answered with ones or dropped, touches no device, and is counted. */
TEST(fields_out_of_range)
{
	struct hv_ioreq bad[] = {
		{.type = HV_IOREQ_PIO, .addr = PORT, .size = 0, .count = 1},
		{.type = HV_IOREQ_PIO, .addr = PORT, .size = 3, .count = 1},
		{.type = HV_IOREQ_PIO, .addr = PORT, .size = 8, .count = 1},
		{.type = HV_IOREQ_PIO, .addr = PORT, .size = 0x80000000, .count = 1},
		{.type = HV_IOREQ_PIO, .addr = PORT | 1ull << 32, .size = 4, .count = 1},
		{.type = HV_IOREQ_PIO, .addr = 0xfffd, .size = 4, .count = 1},
		{.type = HV_IOREQ_PIO, .addr = ~0ull, .size = 1, .count = 1},
		{.type = HV_IOREQ_PIO, .addr = PORT, .size = 4, .count = 0},
		{.type = HV_IOREQ_PIO, .addr = PORT, .size = 4, .count = ~0u},
		{.type = HV_IOREQ_COPY, .addr = MMIO, .size = 16, .count = 1},
		{.type = HV_IOREQ_COPY, .addr = MMIO, .size = 5, .count = 1},
		{.type = HV_IOREQ_COPY, .addr = MMIO, .size = 4, .count = 0x10001},
		{.type = HV_IOREQ_PCI_CONFIG, .addr = 1ull << 48, .size = 4, .count = 1},
		{.type = HV_IOREQ_PCI_CONFIG, .addr = 0, .size = 8, .count = 1},
		{.type = 3, .addr = PORT, .size = 4, .count = 1},
		{.type = 255, .addr = PORT, .size = 4, .count = 1},
	};

	begin();
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		for (unsigned kind = 0; kind < 8; kind++) {
			struct hv_ioreq r = bad[i];

			test_note("row %u kind %u", i, kind);
			r.dir = kind & 1;
			r.data_is_ptr = kind >> 1 & 1;
			r.df = kind >> 2 & 1;
			r.data = 0x1234567;
			r.pad = 0xffff;
			r.vp_eport = ~0u;
			run(r);
			if (r.dir && !r.data_is_ptr)
				EQ(ones(r.size), run(r));
		}
	EQ(0, probe->n_data);
	EQ(0, probe->reg);
	CHECK(m->env->guest_errors >= ARRAY_SIZE(bad) * 8);
	end();
}

TEST(no_effect)
{
	struct hv_ioreq r = {
		.type = HV_IOREQ_TIMEOFFSET, .data = 5, .size = 8, .count = 1, .dir = 0};
	unsigned long errors;

	begin();
	errors = m->env->guest_errors;
	EQ(5, run(r));
	r.type = HV_IOREQ_INVALIDATE;
	EQ(5, run(r));
	EQ(errors, m->env->guest_errors);
	end();
}

/* The second of two devices at one place answers nothing until the first has gone. */
TEST(overlapping_windows)
{
	struct err e = {""};
	struct opts o = {0};
	struct dev *second;

	begin();
	OK(opts_add(&o, "driver", "test-ioreq-probe"));
	m->complete = false;
	second = machine_device_add(m, &o, &e);
	MUST(second);
	run(pio(PORT, 4, false, 5));
	EQ(5, probe->reg);
	EQ(0, ((struct probe *)second->state)->reg);
	probe_class.unpluggable = true;
	OK(machine_device_del(m, "anon[0]", &e));
	run(pio(PORT, 4, false, 6));
	EQ(6, ((struct probe *)second->state)->reg);
	opts_free(&o);
	end();
}
