/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conformance test's second half: which request reaches whom, in which order, in how many
 * pieces; many vCPUs; nonsense; the device model's death.
 */
#include "tests/hypervisor/rig.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define ON_EACH(id) TEST_EACH(id, RIG_KINDS, rig_name(i))
#define MMIO        0xf0000000ull

/* ---- a device that keeps a log ---- */

struct log {
	unsigned n;
	struct entry {
		enum hv_ioreq_type type;
		uint64_t addr, val;
		unsigned size;
		bool write, buffered;
	} e[4096];
};

static void log_add(struct rig *r, struct entry e)
{
	struct log *l = r->test;

	e.buffered = r->buffered;
	if (l->n < ARRAY_SIZE(l->e))
		l->e[l->n] = e;
	l->n++;
}

/* Reads count up, so that each unit of a rep has a value of its own. */
static uint64_t log_read(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	struct log *l = r->test;
	uint64_t val = 0x0807060504030201ull + 0x0101010101010101ull * l->n;

	log_add(r, (struct entry){type, addr, val & ones(size), size, false, false});
	return val;
}

static void log_write(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size,
		      uint64_t val)
{
	log_add(r, (struct entry){type, addr, val, size, true, false});
}

static struct log *log_on(struct rig *r)
{
	struct log *l = calloc(1, sizeof(*l));

	MUST(l);
	r->test = l;
	r->read = log_read;
	r->write = log_write;
	return l;
}

static void log_free(struct rig *r)
{
	void *l = r->test;

	rig_stop(r);
	free(l);
}

/* ---- who gets it ---- */

ON_EACH(accesses_of_every_size)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_ports(r, 0x300, 0x30f);
	rig_memory(r, MMIO, MMIO + 0xfff);
	for (unsigned size = 1; size <= 4; size *= 2) {
		l->n = 0;
		EQ(0x04030201u & ones(size), rig_in(r, 0, 0x300 + size, size));
		rig_out(r, 0, 0x308, size, 0xa1b2c3d4);
		EQ(0x300 + size, l->e[0].addr);
		EQ(size, l->e[0].size);
		EQ(0xa1b2c3d4 & ones(size), l->e[1].val);
	}
	for (unsigned size = 1; size <= 8; size *= 2) {
		l->n = 0;
		EQ(0x0807060504030201 & ones(size), rig_rd(r, 0, MMIO + 0x40, size));
		rig_wr(r, 0, MMIO + 0x48, size, 0x1122334455667788);
		EQ(2, l->n);
		EQ(MMIO + 0x48, l->e[1].addr);
		EQ(0x1122334455667788 & ones(size), l->e[1].val);
	}
	EQ(0, r->wrong);
	log_free(r);
}

ON_EACH(only_wholly_inside_a_range)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_ports(r, 0x300, 0x303);
	rig_memory(r, MMIO, MMIO + 0x1001);
	EQ(0xffff, rig_in(r, 0, 0x303, 2));
	EQ(0xff, rig_in(r, 0, 0x2ff, 1));
	rig_out(r, 0, 0x302, 4, 1);
	EQ(0xffffffff, rig_rd(r, 0, MMIO + 0x1000, 4));
	EQ(0, l->n);
	rig_in(r, 0, 0x302, 2);
	rig_rd(r, 0, MMIO + 0x1000, 2);
	EQ(2, l->n);
	log_free(r);
}

static void ranges_fn(struct rig *r, void *arg)
{
	const struct hv_ops *o = r->hv->ops;
	uint16_t id = r->server;

	(void)arg;
	OK(o->map_io_range(r->hv, id, HV_RANGE_PORT, 0x300, 0x30f));
	EQ(-EEXIST, o->map_io_range(r->hv, id, HV_RANGE_PORT, 0x30f, 0x310));
	EQ(-EEXIST, o->map_io_range(r->hv, id, HV_RANGE_PORT, 0x2f0, 0x300));
	EQ(-EEXIST, o->map_io_range(r->hv, id, HV_RANGE_PORT, 0x304, 0x305));
	OK(o->map_io_range(r->hv, id, HV_RANGE_PORT, 0x310, 0x311));
	EQ(-ENOENT, o->unmap_io_range(r->hv, id, HV_RANGE_PORT, 0x300, 0x311));
	EQ(-ENOENT, o->unmap_io_range(r->hv, id, HV_RANGE_PORT, 0x300, 0x304));
	EQ(-ENOENT, o->unmap_io_range(r->hv, id, HV_RANGE_MEMORY, 0x300, 0x30f));
	EQ(-EINVAL, o->map_io_range(r->hv, id, HV_RANGE_PORT, 0x400, 0x3ff));
	OK(o->unmap_io_range(r->hv, id, HV_RANGE_PORT, 0x300, 0x30f));
	EQ(-ENOENT, o->unmap_io_range(r->hv, id, HV_RANGE_PORT, 0x300, 0x30f));
	OK(o->map_io_range(r->hv, id, HV_RANGE_PCI, 8, 8));
}

ON_EACH(ranges_come_and_go)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_do(r, ranges_fn, NULL);
	EQ(0xff, rig_in(r, 0, 0x300, 1));
	rig_in(r, 0, 0x310, 1);
	EQ(1, l->n);
	log_free(r);
}

static void servers_fn(struct rig *r, void *arg)
{
	const struct hv_ops *o = r->hv->ops;
	uint16_t id[8] = {0}, *second = arg;
	unsigned n = 0;

	OK(o->create_ioreq_server(r->hv, false, second));
	OK(o->map_io_range(r->hv, *second, HV_RANGE_PORT, 0x304, 0x307));
	while (n < 8 && !o->create_ioreq_server(r->hv, false, &id[n]))
		n++;
	EQ(6, n); /* eight in all */
	while (n--)
		OK(o->destroy_ioreq_server(r->hv, id[n]));
	CHECK(o->destroy_ioreq_server(r->hv, 7) < 0);
}

static void enable_fn(struct rig *r, void *arg)
{
	OK(r->hv->ops->set_ioreq_server_state(r->hv, *(uint16_t *)arg, true));
}

static void disable_fn(struct rig *r, void *arg)
{
	OK(r->hv->ops->set_ioreq_server_state(r->hv, *(uint16_t *)arg, false));
}

ON_EACH(servers_newest_first_when_enabled)
{
	uint16_t second;
	struct rig *r = rig_start(i, 1);
	struct log *l;

	if (i == RIG_XEN)
		SKIP("this device model keeps to one server on Xen");
	l = log_on(r);
	rig_ports(r, 0x300, 0x303);
	rig_do(r, servers_fn, &second);
	EQ(0xff, rig_in(r, 0, 0x304, 1)); /* not enabled yet */
	rig_do(r, enable_fn, &second);
	rig_in(r, 0, 0x304, 1);
	rig_in(r, 0, 0x300, 1);
	EQ(2, l->n);
	rig_do(r, disable_fn, &second);
	EQ(0xff, rig_in(r, 0, 0x304, 1));
	log_free(r);
}

static void pci_fn(struct rig *r, void *arg)
{
	(void)arg;
	OK(r->hv->ops->map_io_range(r->hv, r->server, HV_RANGE_PCI, 0x18, 0x18)); /* 00:03.0 */
}

ON_EACH(configuration_goes_to_the_owner)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_do(r, pci_fn, NULL);
	rig_ports(r, 0xcf8, 0xcf8);
	rig_ports(r, 0xcf9, 0xcf9);
	rig_ports(r, 0xcfc, 0xcff);
	rig_out(r, 0, 0xcf8, 4, 0x80001840); /* not wholly in a range, and yet latched */
	EQ(0, l->n);
	rig_in(r, 0, 0xcfe, 2);
	EQ(1, l->n);
	EQ(HV_IOREQ_PCI_CONFIG, l->e[0].type);
	EQ(0x18ull << 32 | 0x42, l->e[0].addr);
	EQ(2, l->e[0].size);
	/* Drivers that put the low bits in the address, not in the port, are understood. */
	rig_out(r, 0, 0xcf8, 4, 0x80001842);
	rig_in(r, 0, 0xcfc, 2);
	EQ(0x18ull << 32 | 0x42, l->e[1].addr);
	rig_in(r, 0, 0xcfd, 1);
	EQ(0x18ull << 32 | 0x43, l->e[2].addr);
	l->n = 1;
	rig_out(r, 0, 0xcf8, 4, 0x80002040); /* nobody's: not forwarded as a port either */
	EQ(0xffffffff, rig_in(r, 0, 0xcfc, 4));
	EQ(1, l->n);
	rig_out(r, 0, 0xcf8, 4, 0x00001840); /* not enabled: a port */
	rig_in(r, 0, 0xcfc, 4);
	EQ(2, l->n);
	EQ(HV_IOREQ_PIO, l->e[1].type);
	rig_out(r, 0, 0xcf9, 1, 0x02); /* a byte of it is another register */
	EQ(3, l->n);
	EQ(0xcf9, l->e[2].addr);
	log_free(r);
}

/* The RTC is the core's, the rest of CMOS the device model's. */
ON_EACH(cmos_is_shared)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_ports(r, 0x70, 0x71);
	rig_out(r, 0, 0x70, 1, 0x0d);
	l->n = 0;
	EQ(0x80, rig_in(r, 0, 0x71, 1));
	EQ(0, l->n);
	rig_out(r, 0, 0x70, 1, 0x2d);
	EQ(1, l->n);
	EQ(0x2d, l->e[0].val);
	rig_in(r, 0, 0x71, 1);
	EQ(2, l->n);
	log_free(r);
}

/* ---- rep ---- */

static void fill(struct rig *r, uint64_t gpa, unsigned len)
{
	uint8_t buf[16384];

	for (unsigned n = 0; n < len; n++)
		buf[n] = (uint8_t)(n * 7 + (n >> 8));
	rig_ram(r, gpa, buf, len, true);
}

static uint64_t ram(struct rig *r, uint64_t gpa, unsigned size)
{
	uint8_t buf[8];

	rig_ram(r, gpa, buf, size, false);
	return load_le(buf, size);
}

ON_EACH(rep_outs_across_pages)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_ports(r, 0x1f0, 0x1f7);
	fill(r, 0x200000, 16384);
	/* 3,000 words from an odd address, two page ends between. */
	OK(rig_rep(r, 0,
		   &(struct domain_access){.pio = true,
					   .write = true,
					   .data_is_ptr = true,
					   .size = 2,
					   .count = 3000,
					   .addr = 0x1f0,
					   .data = 0x200ffd}));
	EQ(3000, l->n);
	for (unsigned n = 0; n < 3000; n++)
		if (!EQ(ram(r, 0x200ffd + 2 * n, 2), l->e[n].val) || !EQ(0x1f0, l->e[n].addr))
			break;
	EQ(0, r->wrong);
	log_free(r);
}

ON_EACH(rep_outs_downwards)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_ports(r, 0x1f0, 0x1f7);
	fill(r, 0x200000, 16384);
	OK(rig_rep(r, 0,
		   &(struct domain_access){.pio = true,
					   .write = true,
					   .data_is_ptr = true,
					   .df = true,
					   .size = 4,
					   .count = 1500,
					   .addr = 0x1f0,
					   .data = 0x201ffe}));
	EQ(1500, l->n);
	for (unsigned n = 0; n < 1500; n++)
		if (!EQ(ram(r, 0x201ffe - 4 * n, 4), l->e[n].val))
			break;
	log_free(r);
}

ON_EACH(rep_ins_both_ways)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_ports(r, 0x1f0, 0x1f7);
	for (unsigned df = 0; df < 2; df++) {
		uint64_t at = df ? 0x203ffe : 0x200ffe;

		l->n = 0;
		OK(rig_rep(r, 0,
			   &(struct domain_access){.pio = true,
						   .data_is_ptr = true,
						   .df = df,
						   .size = 4,
						   .count = 1024,
						   .addr = 0x1f0,
						   .data = at}));
		EQ(1024, l->n);
		for (unsigned n = 0; n < 1024; n++) {
			uint64_t gpa = df ? at - 4 * n : at + 4 * n;

			if (!EQ(l->e[n].val, ram(r, gpa, 4)))
				break;
		}
	}
	log_free(r);
}

ON_EACH(rep_movs_to_and_from_io_memory)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_memory(r, MMIO, MMIO + 0xffff);
	fill(r, 0x200000, 16384);
	OK(rig_rep(r, 0,
		   &(struct domain_access){.write = true,
					   .data_is_ptr = true,
					   .size = 4,
					   .count = 1500,
					   .addr = MMIO + 0xff0,
					   .data = 0x200123}));
	EQ(1500, l->n);
	for (unsigned n = 0; n < 1500; n++)
		if (!EQ(MMIO + 0xff0 + 4 * n, l->e[n].addr) ||
		    !EQ(ram(r, 0x200123 + 4 * n, 4), l->e[n].val))
			break;
	l->n = 0;
	OK(rig_rep(r, 0,
		   &(struct domain_access){.data_is_ptr = true,
					   .df = true,
					   .size = 8,
					   .count = 700,
					   .addr = MMIO + 0x3000,
					   .data = 0x203000}));
	EQ(700, l->n);
	for (unsigned n = 0; n < 700; n++)
		if (!EQ(MMIO + 0x3000 - 8 * n, l->e[n].addr) ||
		    !EQ(l->e[n].val, ram(r, 0x203000 - 8 * n, 8)))
			break;
	log_free(r);
}

ON_EACH(rep_stos_and_values)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_memory(r, MMIO, MMIO + 0xffff);
	OK(rig_rep(r, 0,
		   &(struct domain_access){.write = true,
					   .size = 2,
					   .count = 3000,
					   .addr = MMIO + 0x100,
					   .data = 0xabcd}));
	EQ(3000, l->n);
	EQ(0xabcd, l->e[2999].val);
	EQ(MMIO + 0x100 + 2 * 2999, l->e[2999].addr);
	log_free(r);
}

/* Its memory runs out of RAM into the VGA window, and into nothing. */
ON_EACH(rep_over_the_end_of_ram)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_ports(r, 0x1f0, 0x1f7);
	fill(r, 0x9fff8, 8);
	OK(rig_rep(r, 0,
		   &(struct domain_access){.pio = true,
					   .write = true,
					   .data_is_ptr = true,
					   .size = 4,
					   .count = 4,
					   .addr = 0x1f0,
					   .data = 0x9fff8}));
	EQ(4, l->n);
	EQ(ram(r, 0x9fffc, 4), l->e[1].val);
	EQ(0xffffffff, l->e[2].val);
	OK(rig_rep(r, 0,
		   &(struct domain_access){.pio = true,
					   .data_is_ptr = true,
					   .size = 4,
					   .count = 4,
					   .addr = 0x1f0,
					   .data = 0x9fff8}));
	EQ(l->e[5].val, ram(r, 0x9fffc, 4));
	EQ(8, l->n);
	log_free(r);
}

/* ---- the buffered ring ---- */

static void *write_vga(void *arg)
{
	struct rig *r = arg;

	for (unsigned n = 0; n < 2000; n++)
		rig_wr(r, 0, 0xa0000 + n % 1000 * 8, n % 3 ? 4 : 8, n | (uint64_t)n << 32);
	rig_out(r, 0, 0x300, 2, 0xbeef);
	return NULL;
}

static bool ring_full(struct rig *r)
{
	struct page_peer *p = rig_peer(r);

	return p->waiting == 1; /* its overflow goes the slow way */
}

ON_EACH(buffered_writes_overflow_in_order)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);
	pthread_t t;

	rig_ports(r, 0x300, 0x301);
	rig_memory(r, 0xa0000, 0xbffff);
	rig_hold(r);
	pthread_create(&t, NULL, write_vga, r);
	if (i != RIG_EMBEDDED)
		CHECK(rig_wait(r, ring_full));
	rig_release(r);
	pthread_join(t, NULL);
	EQ(2001, l->n);
	for (unsigned n = 0; n < 2000; n++) {
		uint64_t want = n % 3 ? n : n | (uint64_t)n << 32;

		if (!EQ(want, l->e[n].val) || !EQ(0xa0000 + n % 1000 * 8, l->e[n].addr))
			break;
	}
	CHECK(l->e[0].buffered);
	EQ(0xbeef, l->e[2000].val);
	CHECK(!l->e[2000].buffered);
	log_free(r);
}

/* Far beyond 2^9 entries the pointers are brought back again and again. */
ON_EACH(buffered_ring_goes_round)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_memory(r, 0xa0000, 0xbffff);
	for (unsigned n = 0; n < 4000; n++)
		rig_wr(r, 0, 0xb8000 + n % 4000, 1, n & 0xff);
	rig_rd(r, 0, 0xb8000, 1); /* behind them all */
	EQ(4001, l->n);
	for (unsigned n = 0; n < 4000; n++)
		if (!EQ(n & 0xff, l->e[n].val))
			break;
	if (rig_peer(r))
		CHECK(rig_peer(r)->ring->write_pointer < 3 * HV_BUF_SLOTS);
	log_free(r);
}

/* ---- many vCPUs ---- */

#define MANY 32

static uint64_t vcpu_read(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	(void)type;
	(void)size;
	return (addr << 8 | r->vcpu) & 0xffff;
}

struct vcpu {
	pthread_t thread;
	struct rig *r;
	unsigned n, wrong;
};

static void *vcpu_run(void *arg)
{
	struct vcpu *v = arg;

	for (unsigned k = 0; k < 50; k++)
		if (rig_in(v->r, v->n, 0x300, 2) != v->n)
			v->wrong++;
	return NULL;
}

static bool all_wait(struct rig *r)
{
	return rig_peer(r)->waiting == MANY;
}

ON_EACH(thirty_two_vcpus_in_flight)
{
	struct vcpu v[MANY] = {0};
	struct rig *r = rig_start(i, MANY);

	EQ(MANY, r->hv->ops->nr_vcpus(r->hv));
	r->read = vcpu_read;
	rig_ports(r, 0x300, 0x30f);
	rig_hold(r);
	for (unsigned n = 0; n < MANY; n++) {
		v[n] = (struct vcpu){.r = r, .n = n};
		pthread_create(&v[n].thread, NULL, vcpu_run, &v[n]);
	}
	if (i != RIG_EMBEDDED) {
		CHECK(rig_wait(r, all_wait));
		for (unsigned n = 0; n < MANY; n++)
			EQ(HV_IOREQ_READY, rig_peer(r)->page->vcpu_ioreq[n].state);
	}
	rig_release(r);
	for (unsigned n = 0; n < MANY; n++) {
		pthread_join(v[n].thread, NULL);
		EQ(0, v[n].wrong);
	}
	rig_stop(r);
}

/* ---- run state ---- */

static void stop_fn(struct rig *r, void *arg)
{
	(void)arg;
	OK(r->hv->ops->quiesce(r->hv, true));
}

static void cont_fn(struct rig *r, void *arg)
{
	(void)arg;
	OK(r->hv->ops->quiesce(r->hv, false));
}

static void *one_out(void *arg)
{
	rig_out(arg, 0, 0x300, 1, 1);
	return NULL;
}

ON_EACH(quiesced_vcpus_wait)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);
	pthread_t t;

	if (i == RIG_XEN)
		SKIP("the toolstack pauses a Xen domain");
	rig_ports(r, 0x300, 0x300);
	rig_do(r, stop_fn, NULL);
	pthread_create(&t, NULL, one_out, r);
	/* Time enough to go wrong; the other direction is what the join below waits for. */
	nanosleep(&(struct timespec){.tv_nsec = 20 * NS_PER_MS}, NULL);
	EQ(0, l->n);
	rig_do(r, cont_fn, NULL);
	pthread_join(t, NULL);
	EQ(1, l->n);
	log_free(r);
}

static void now_fn(struct rig *r, void *arg)
{
	*(int64_t *)arg = r->hv->ops->now(r->hv);
}

ON_EACH(time_stands_still_while_quiesced)
{
	struct rig *r = rig_start(i, 1);
	int64_t a, b, core;

	rig_do(r, now_fn, &a);
	if (i == RIG_XEN) {
		CHECK(a < 0);
		SKIP("a Xen guest's time is Xen's");
	}
	EQ(0, a);
	rig_do(r, cont_fn, NULL);
	nanosleep(&(struct timespec){.tv_nsec = 2 * NS_PER_MS}, NULL);
	rig_do(r, now_fn, &a);
	CHECK(a >= 2 * NS_PER_MS);
	rig_do(r, stop_fn, NULL);
	rig_do(r, now_fn, &a);
	nanosleep(&(struct timespec){.tv_nsec = 2 * NS_PER_MS}, NULL);
	rig_do(r, now_fn, &b);
	EQ(a, b);
	domain_lock(r->dom);
	core = clock_now(domain_clock(r->dom));
	domain_unlock(r->dom);
	EQ(core, b);
	rig_do(r, cont_fn, NULL);
	rig_stop(r);
}

static void life_fn(struct rig *r, void *arg)
{
	(void)arg;
	OK(r->hv->ops->shutdown(r->hv, HV_SHUTDOWN_REBOOT));
	OK(r->hv->ops->inject_nmi(r->hv, 0));
	CHECK(r->hv->ops->inject_nmi(r->hv, 128) < 0);
}

ON_EACH(shutdown_is_told)
{
	struct rig *r = rig_start(i, 1);

	rig_do(r, life_fn, NULL);
	EQ(1, r->shutdowns);
	rig_stop(r);
}

/* ---- nonsense ---- */

struct nonsense {
	const char *what;
	struct hv_ioreq req;
};
#define R_(t, ...)                                                                     \
	{                                                                              \
		.type = t, .count = 1, .size = 1, .addr = 0x300, .dir = 1, __VA_ARGS__ \
	}
#define R_PTR(t, p, ...) R_(t, .data_is_ptr = 1, .data = p, __VA_ARGS__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
/* clang-format off */
static const struct nonsense bad[] = {
	{"size 0", R_(0, .size = 0)},
	{"size 3", R_(0, .size = 3)},
	{"size 8 of a port", R_(0, .size = 8)},
	{"size 16", R_(1, .size = 16)},
	{"size 2^31", R_(1, .size = 1u << 31)},
	{"size all ones", R_(1, .size = ~0u)},
	{"count 0", R_(0, .count = 0)},
	{"count 2 without a pointer", R_(0, .count = 2)},
	{"count 4097", R_(1, .count = 4097)},
	{"count * size 2^32", R_(1, .count = 1u << 30, .size = 4)},
	{"count all ones", R_(1, .count = ~0u)},
	{"count all ones, pointer", R_(0, .count = ~0u, .size = 4, .data_is_ptr = 1)},
	{"port 0x10000", R_(0, .addr = 0x10000)},
	{"port 0xffff, word", R_(0, .addr = 0xffff, .size = 2)},
	{"port 2^32 + 0x300", R_(0, .addr = 1ull << 32 | 0x300)},
	{"memory wraps", R_(1, .addr = ~0ull, .size = 2)},
	{"memory wraps by count", R_(1, .addr = ~0ull - 7, .size = 8, .count = 2)},
	{"memory wraps downwards", R_(1, .addr = 0, .count = 2, .df = 1)},
	{"pointer wraps", R_(0, .data = ~0ull, .size = 2, .data_is_ptr = 1)},
	{"pointer wraps by count", R_PTR(0, ~0ull - 3, .size = 4, .count = 2)},
	{"pointer wraps downwards", R_PTR(0, 2, .size = 4, .count = 2, .df = 1)},
	{"configuration, count 2", R_(2, .count = 2)},
	{"configuration, pointer", R_(2, .data_is_ptr = 1)},
	{"configuration, size 8", R_(2, .size = 8)},
	{"configuration, register 2^31", R_(2, .addr = 1u << 31)},
	{"type 3", R_(3)},
	{"type 255", R_(255)},
};
/* Legal, but with nobody there. */
static const struct nonsense odd[] = {
	{"pointer outside of RAM", R_PTR(0, 1ull << 60, .size = 4, .count = 16)},
	{"pointer outside of RAM, out", R_PTR(0, 0xa0000, .count = 64, .dir = 0)},
	{"pointer at the end of RAM", R_PTR(0, 0x7ffffe, .size = 4, .count = 2)},
	{"memory nobody has", R_(1, .addr = ~0ull, .size = 1)},
	{"configuration nobody has", R_(2, .addr = ~0ull << 32 | 0xfc, .size = 4)},
	{"pads set", R_(0, .pad = 0xffff, .pad1 = 1)},
};
/* clang-format on */
#pragma GCC diagnostic pop

static int send_raw(struct rig *r, struct hv_ioreq *req)
{
	int rc;

	domain_lock(r->dom);
	rc = r->dom->by_age[0]->sender->send(r->dom->by_age[0], 0, req);
	domain_unlock(r->dom);
	return rc;
}

ON_EACH(hostile_requests_get_a_defined_answer)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);

	rig_ports(r, 0x300, 0x30f);
	for (unsigned n = 0; n < ARRAY_SIZE(bad); n++)
		for (unsigned dir = 0; dir < 2; dir++) {
			struct hv_ioreq req = bad[n].req;

			NOTE("%s, dir %u", bad[n].what, dir);
			l->n = 0;
			r->wrong = 0;
			req.dir = dir & 1;
			OK(send_raw(r, &req));
			EQ(1, r->wrong);
			EQ(0, l->n);
			if (dir && !req.data_is_ptr)
				EQ(ones(req.size), req.data & ones(req.size));
		}
	for (unsigned n = 0; n < ARRAY_SIZE(odd); n++) {
		struct hv_ioreq req = odd[n].req;

		NOTE("%s", odd[n].what);
		OK(send_raw(r, &req));
	}
	l->n = 0;
	EQ(0x01, rig_in(r, 0, 0x300, 1));
	log_free(r);
}

/* A core that writes states nobody may write: not served, and no harm done. */
ON_EACH(hostile_states_are_not_served)
{
	struct rig *r = rig_start(i, 1);
	struct log *l = log_on(r);
	struct page_peer *p = rig_peer(r);

	rig_ports(r, 0x300, 0x300);
	if (!p)
		SKIP("embedded: there are no pages");
	for (unsigned s = 2; s < 16; s++) {
		domain_lock(r->dom);
		p->page->vcpu_ioreq[0].state = s & 0xf;
		p->kick(p, 0);
		domain_unlock(r->dom);
	}
	nanosleep(&(struct timespec){.tv_nsec = 5 * NS_PER_MS}, NULL);
	EQ(0, l->n);
	p->page->vcpu_ioreq[0].state = HV_IOREQ_NONE;
	EQ(0x01, rig_in(r, 0, 0x300, 1));
	/* A ring that claims to hold more than it can is empty; half an entry is none. */
	domain_lock(r->dom);
	__atomic_store_n(&p->ring->write_pointer, p->ring->read_pointer + 100000, __ATOMIC_RELEASE);
	p->kick(p, DOMAIN_NO_VCPU);
	domain_unlock(r->dom);
	rig_in(r, 0, 0x300, 1);
	domain_lock(r->dom);
	p->ring->buf[p->ring->write_pointer % HV_BUF_SLOTS].size = 3;
	__atomic_add_fetch(&p->ring->write_pointer, 1, __ATOMIC_RELEASE);
	p->kick(p, DOMAIN_NO_VCPU);
	domain_unlock(r->dom);
	rig_in(r, 0, 0x300, 1);
	EQ(3, l->n);
	log_free(r);
}

/* ---- a device model that breaks the protocol, or dies ---- */

struct breaker {
	uint8_t *state; /* in the core's view of the page, which stands as long as the vCPU waits */
	int bell;
};

static uint64_t break_read(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	struct breaker *b = r->test;
	uint64_t one = 1;

	(void)type;
	(void)size;
	if (addr != 0x300)
		return 0x5a;
	__atomic_store_n(b->state, HV_IOREQ_NONE, __ATOMIC_RELEASE);
	CHECK(write(b->bell, &one, sizeof(one)) == sizeof(one));
	/* The core looks before this goes on to answer. */
	nanosleep(&(struct timespec){.tv_nsec = 50 * NS_PER_MS}, NULL);
	return 0x5a;
}

static int try_in(struct rig *r, uint16_t port)
{
	uint32_t val;
	int rc;

	domain_lock(r->dom);
	rc = domain_in(r->dom, 0, port, 1, &val);
	domain_unlock(r->dom);
	return rc;
}

ON_EACH(a_state_that_goes_back_ends_the_device_model)
{
	struct rig *r = rig_start(i, 1);
	struct page_peer *p = rig_peer(r);
	struct breaker b;

	if (!p)
		SKIP("embedded: there are no pages");
	b.state = &p->page->vcpu_ioreq[0].type - 1;
	b.bell = dup(p->bell[0]);
	r->test = &b;
	r->read = break_read;
	rig_ports(r, 0x300, 0x301);
	EQ(0x5a, rig_in(r, 0, 0x301, 1));
	EQ(-EPIPE, try_in(r, 0x300));
	EQ(-EPIPE, try_in(r, 0x301));
	rig_out(r, 0, 0x21, 1, 0x5a); /* the core lives */
	EQ(0x5a, rig_in(r, 0, 0x21, 1));
	rig_stop(r);
	close(b.bell);
}

static void die_fn(struct rig *r, void *arg)
{
	(void)arg;
	rig_line(r, HV_LINE_ISA(5), true);
	if (r->kind == RIG_EMBEDDED) {
		r->hv->ops->close(r->hv);
		r->dm_runs = false;
	}
}

static uint64_t die_read(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	(void)type;
	(void)addr;
	(void)size;
	rig_line(r, HV_LINE_ISA(5), true);
	if (r->kind == RIG_XEN)
		rig_xen_die(r);
	else
		raise(SIGKILL);
	return 0;
}

static bool pin_5_low(struct rig *r)
{
	return !domain_pin(r->dom, 5);
}

static void vram_fn(struct rig *r, void *arg)
{
	unsigned region;
	void *p;

	(void)arg;
	OK(r->hv->ops->ram_create(r->hv, "vram", 0x10000, &region));
	EQ(1, region); /* what the first one had is gone */
	OK(r->hv->ops->ram_ptr(r->hv, region, &p));
	OK(r->hv->ops->map(r->hv, 0xf0000000, region, 0, 0x10000, HV_SRC_RAM, HV_SRC_RAM));
}

/* Its vCPU is parked, the domain is as it was, and another device model can take over. */
ON_EACH(device_model_dies_mid_request)
{
	struct rig *r;
	uint32_t v = 0x12345678;

	r = i == RIG_REMOTE ? rig_new_forked(1, die_read, 0x300) : rig_start(i, 1);
	rig_ram(r, 0x1000, &v, 4, true);
	if (i != RIG_REMOTE)
		rig_do(r, vram_fn, NULL);
	if (i == RIG_EMBEDDED) {
		/* It cannot die alone; it can leave between two accesses. */
		rig_do(r, die_fn, NULL);
		EQ(0, try_in(r, 0x300));
	} else {
		if (i == RIG_XEN) {
			r->read = die_read;
			rig_ports(r, 0x300, 0x300);
		}
		EQ(-EPIPE, try_in(r, 0x300));
		EQ(-EPIPE, try_in(r, 0x300)); /* and stays so */
	}
	CHECK(rig_wait(r, pin_5_low));
	EQ(0x12345678, ram(r, 0x1000, 4));
	rig_dm_close(r);
	rig_dm_open(r);
	rig_do(r, vram_fn, NULL);
	r->read = vcpu_read;
	rig_ports(r, 0x300, 0x301);
	EQ(0, rig_in(r, 0, 0x300, 2));
	rig_stop(r);
}
