/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core alone: memory layout, maps, platform ports, pins. */
#include "hypervisor/domain.h"
#include "tests/test.h"

static struct domain *make(uint64_t ram)
{
	struct domain_config c = {.ram = ram};
	struct err e = {""};
	struct domain *dom = domain_new(&c, &e);

	NOTE("%s", e.msg);
	MUST(dom);
	return dom;
}

static uint64_t rd(struct domain *dom, uint64_t gpa, unsigned size)
{
	uint8_t buf[8] = {0};

	OK(domain_mem_read(dom, DOMAIN_NO_VCPU, gpa, buf, size));
	return load_le(buf, size);
}

static void wr(struct domain *dom, uint64_t gpa, unsigned size, uint64_t val)
{
	uint8_t buf[8];

	store_le(buf, size, val);
	OK(domain_mem_write(dom, DOMAIN_NO_VCPU, gpa, buf, size));
}

static uint32_t in(struct domain *dom, uint16_t port, unsigned size)
{
	uint32_t val;

	OK(domain_in(dom, DOMAIN_NO_VCPU, port, size, &val));
	return val;
}

static void out(struct domain *dom, uint16_t port, unsigned size, uint32_t val)
{
	OK(domain_out(dom, DOMAIN_NO_VCPU, port, size, val));
}

TEST(ram_where_a_pc_has_it)
{
	struct domain *dom = make(8ull << 20);

	wr(dom, 0x9fffc, 4, 0x11223344);
	EQ(0x11223344, rd(dom, 0x9fffc, 4));
	wr(dom, 0xa0000, 4, 1);
	EQ(0xffffffff, rd(dom, 0xa0000, 4));
	EQ(0xffffffff, rd(dom, 0xffffc, 4));
	wr(dom, 0x100000, 8, 0x1122334455667788);
	EQ(0x1122334455667788, rd(dom, 0x100000, 8));
	/* Over the end: what is RAM of it, then ones. */
	wr(dom, 0x7ffffe, 4, 0xaabbccdd);
	EQ(0xffffccdd, rd(dom, 0x7ffffe, 4));
	domain_free(dom);
}

TEST(ram_is_cut_below_the_hole)
{
	struct domain *dom = make(0xe0000000ull - 4096);

	EQ(0xe0000000ull - 4096, domain_ram_below_4g(dom));
	EQ(0xff, rd(dom, 0x100000000, 1));
	domain_free(dom);
	dom = make(0xe0000000);
	EQ(0xc0000000, domain_ram_below_4g(dom));
	wr(dom, 0xbffffffc, 4, 0x1234);
	EQ(0xffffffff, rd(dom, 0xc0000000, 4));
	wr(dom, 0x11ffffffc, 4, 0x5678);
	EQ(0x5678, rd(dom, 0x11ffffffc, 4));
	EQ(0xffffffff, rd(dom, 0x120000000, 4));
	domain_free(dom);
}

TEST(impossible_configurations)
{
	struct err e = {""};

	CHECK(!domain_new(&(struct domain_config){.ram = 0}, &e));
	CHECK(e.msg[0]);
	CHECK(!domain_new(&(struct domain_config){.ram = 4097}, NULL));
	CHECK(!domain_new(&(struct domain_config){.ram = 4096, .vcpus = 129}, NULL));
	CHECK(!domain_new(&(struct domain_config){.ram = 4096, .ram_below_4g = 5ull << 30}, NULL));
}

TEST(later_maps_win_and_unmap_uncovers)
{
	struct domain *dom = make(8ull << 20);
	struct hv *hv = hv_embedded_open(dom, NULL);
	const struct hv_ops *o = hv->ops;
	unsigned rom;
	void *p;

	OK(o->ram_create(hv, "rom", 0x20000, &rom));
	OK(o->ram_ptr(hv, rom, &p));
	memset(p, 0x5a, 0x20000);
	OK(o->map(hv, 0xe0000, rom, 0, 0x20000, HV_SRC_ROM, HV_SRC_ROM));
	wr(dom, 0xf0000, 1, 1);
	EQ(0x5a, rd(dom, 0xf0000, 1));
	/* PAM: write RAM while ROM is read, as a BIOS shadows itself. */
	OK(o->map(hv, 0xf0000, 0, 0xf0000, 0x10000, HV_SRC_BELOW, HV_SRC_RAM));
	wr(dom, 0xf0000, 1, 0x77);
	EQ(0x5a, rd(dom, 0xf0000, 1));
	OK(o->map(hv, 0xf0000, 0, 0xf0000, 0x10000, HV_SRC_RAM, HV_SRC_ROM));
	EQ(0x77, rd(dom, 0xf0000, 1));
	wr(dom, 0xf0000, 1, 0x78);
	EQ(0x77, rd(dom, 0xf0000, 1));
	OK(o->unmap(hv, 0xf0000, 0x10000));
	EQ(0x5a, rd(dom, 0xf0000, 1));
	EQ(-2, o->unmap(hv, 0xf0000, 0x10000));
	/* The domain's own RAM stays, whatever is asked. */
	EQ(-2, o->unmap(hv, 0, 0xa0000));
	EQ(-22, o->map(hv, 0xf0001, rom, 0, 0x1000, HV_SRC_RAM, HV_SRC_RAM));
	EQ(-22, o->map(hv, 0xf0000, rom, 0x20000, 0x1000, HV_SRC_RAM, HV_SRC_RAM));
	EQ(-22, o->map(hv, ~0xfffull, rom, 0, 0x2000, HV_SRC_RAM, HV_SRC_RAM));
	o->close(hv);
	domain_free(dom);
}

TEST(platform_answers_without_a_device_model)
{
	struct domain *dom = make(8ull << 20);

	out(dom, 0x21, 1, 0xa5);
	EQ(0xa5, in(dom, 0x21, 1));
	EQ(0xff, in(dom, 0x3f8, 1));
	EQ(0xffff, in(dom, 0x1f0, 2));
	out(dom, 0x4d0, 2, 0x0ea0); /* one wide access, both ELCRs */
	EQ(0x0ea0, in(dom, 0x4d0, 2));
	/* Index and data in one: a word of two bytes. */
	out(dom, 0x70, 2, 0x2402);
	out(dom, 0x70, 1, 0x02);
	EQ(0x24, in(dom, 0x71, 1));
	out(dom, 0x70, 1, 0x0e);
	EQ(0xff, in(dom, 0x71, 1)); /* the device model's: nobody */
	domain_free(dom);
}

TEST(a20_gate_is_for_vcpus)
{
	struct domain *dom = make(8ull << 20);
	struct hv *hv = hv_embedded_open(dom, NULL);
	uint8_t b = 0x11;

	wr(dom, 0x500, 1, 0x22);
	wr(dom, 0x100500, 1, 0x33);
	OK(hv->ops->a20(hv, false));
	OK(domain_mem_read(dom, 0, 0x100500, &b, 1));
	EQ(0x22, b);
	EQ(0x33, rd(dom, 0x100500, 1));
	OK(hv->ops->reset(hv, HV_RESET_MACHINE));
	OK(domain_mem_read(dom, 0, 0x100500, &b, 1));
	EQ(0x33, b);
	hv->ops->close(hv);
	domain_free(dom);
}

TEST(dirty_pages_read_once)
{
	struct domain *dom = make(8ull << 20);
	struct hv *hv = hv_embedded_open(dom, NULL);
	uint8_t map[2];
	size_t len = 64;
	void *p;

	OK(hv->ops->track_dirty(hv, 0x100, 16, map));
	EQ(0xff, map[0]); /* nobody knows yet */
	OK(hv->ops->track_dirty(hv, 0x100, 16, map));
	EQ(0, map[0] | map[1]);
	wr(dom, 0x103ffe, 4, 1);
	p = hv->ops->dma_map(hv, 0x10f000, &len, true);
	hv->ops->dma_unmap(hv, p, 0x10f000, 64);
	OK(hv->ops->track_dirty(hv, 0x100, 16, map));
	EQ(0x18, map[0]);
	EQ(0x80, map[1]);
	OK(hv->ops->track_dirty(hv, 0x100, 16, map));
	EQ(0, map[0] | map[1]);
	OK(hv->ops->track_dirty(hv, 0, 0, NULL));
	EQ(-22, hv->ops->track_dirty(hv, 0, (1u << 18) + 1, map));
	hv->ops->close(hv);
	domain_free(dom);
}

static void count_edges(void *arg, unsigned pin, bool level)
{
	unsigned *n = arg;

	if (level)
		n[pin]++;
}

TEST(pins_are_the_or_of_their_sources)
{
	unsigned edges[DOMAIN_PINS] = {0};
	struct pin_watch w = {.fn = count_edges, .arg = edges};
	struct domain *dom = make(8ull << 20);
	struct hv *hv = hv_embedded_open(dom, NULL);
	const struct hv_ops *o = hv->ops;

	domain_watch_pins(dom, &w);
	OK(o->set_pci_link_route(hv, 2, 11)); /* slot 3 pin A: (3 + 0 - 1) & 3 = 2 */
	OK(o->line(hv, HV_LINE_INTX(3, 0), 1, false));
	CHECK(domain_pin(dom, 11));
	OK(o->line(hv, HV_LINE_INTX(2, 1), 1, false)); /* on the same link */
	OK(o->line(hv, HV_LINE_INTX(3, 0), 2, false));
	CHECK(domain_pin(dom, 11));
	EQ(1, edges[11]);
	OK(o->set_pci_link_route(hv, 2, 10)); /* a new route takes the level along */
	CHECK(!domain_pin(dom, 11));
	CHECK(domain_pin(dom, 10));
	OK(o->line(hv, HV_LINE_ISA(10), 1, false));
	OK(o->set_pci_link_route(hv, 2, 0));
	CHECK(domain_pin(dom, 10));
	OK(o->line(hv, HV_LINE_ISA(10), 2, false));
	CHECK(!domain_pin(dom, 10));
	domain_set_pin(dom, 4, true);
	CHECK(domain_pin(dom, 4));
	EQ(1, edges[4]);
	/* 1000 edges at once are not played one by one, but the level is right. */
	OK(o->line(hv, HV_LINE_ISA(3), 2001, false));
	CHECK(domain_pin(dom, 3));
	EQ(-22, o->line(hv, HV_LINES, 1, false));
	EQ(-22, o->set_pci_link_route(hv, 4, 5));
	EQ(-22, o->set_pci_link_route(hv, 0, 16));
	domain_unwatch_pins(dom, &w);
	hv->ops->close(hv);
	domain_free(dom);
}

TEST(pit_reaches_the_processor)
{
	struct clock *clock = clock_new(CLOCK_MANUAL);
	struct domain_config c = {.ram = 4096, .clock = clock};
	struct domain *dom = domain_new(&c, NULL);

	MUST(dom);
	/* 8259: vectors from 0x20, IRQ 0 alone open. */
	out(dom, 0x20, 1, 0x11);
	out(dom, 0x21, 1, 0x20);
	out(dom, 0x21, 1, 0x04);
	out(dom, 0x21, 1, 0x01);
	out(dom, 0x21, 1, 0xfe);
	/* 8254 counter 0: mode 2, 11932 = 10 ms */
	out(dom, 0x43, 1, 0x34);
	out(dom, 0x40, 1, 0x9c);
	out(dom, 0x40, 1, 0x2e);
	/* The output falls when the mode is written and rises in mode 2: an edge waits already. */
	if (domain_intr(dom))
		EQ(0x20, domain_inta(dom));
	out(dom, 0x20, 1, 0x20);
	CHECK(!domain_intr(dom));
	clock_advance(clock, 21 * NS_PER_MS);
	CHECK(domain_intr(dom));
	EQ(0x20, domain_inta(dom));
	CHECK(!domain_intr(dom));
	domain_free(dom);
	clock_free(clock);
}
