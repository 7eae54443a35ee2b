/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O APIC, against Intel 290566-001. What it sends is seen as the core's message hook does. */
#include "hypervisor/domain.h"
#include "tests/hw/bus.h"
#include "tests/hw/laws.h"

enum { SEL = 0xfec00000, WIN = 0xfec00010, EOIR = 0xfec00040 };
enum { LEVEL = 1 << 15, MASK = 1 << 16, REMOTE_IRR = 1 << 14, LOGICAL = 1 << 11 };

static void reg_out(struct guest *b, unsigned n, uint32_t val)
{
	bus_write(b, SEL, 4, n);
	bus_write(b, WIN, 4, val);
}

static uint32_t reg_in(struct guest *b, unsigned n)
{
	bus_write(b, SEL, 4, n);
	return (uint32_t)bus_read(b, WIN, 4);
}

BUS_TEST(ioapic_reset_values, "-nodefaults")
{
	EQ(0, bus_read(b, SEL, 4));
	EQ(0, reg_in(b, 0));          /* 3.2.1 */
	EQ(0x00170020, reg_in(b, 1)); /* 3.2.2: 24 entries */
	EQ(0, reg_in(b, 2));
	for (unsigned n = 0; n < 24; n++) {
		EQ(MASK, reg_in(b, 0x10 + 2 * n)); /* 3.2.4 */
		EQ(0, reg_in(b, 0x11 + 2 * n));
	}
	EQ(0, reg_in(b, 0x40));
	EQ(0, reg_in(b, 0x03));
}

BUS_TEST(ioapic_masks, "-nodefaults")
{
	reg_out(b, 0, 0xffffffff);
	EQ(0x0f000000, reg_in(b, 0));
	EQ(0x0f000000, reg_in(b, 2)); /* 3.2.3: arbitration follows the ID */
	reg_out(b, 1, 0xffffffff);
	EQ(0x00170020, reg_in(b, 1));
	reg_out(b, 0x10 + 2 * 23, 0xffffffff);
	reg_out(b, 0x11 + 2 * 23, 0xffffffff);
	EQ(0x1afff, reg_in(b, 0x10 + 2 * 23)); /* delivery status, remote IRR are not the guest's */
	EQ(0xff000000, reg_in(b, 0x11 + 2 * 23));
	bus_write(b, SEL, 4, 0x101); /* bits 31-8 are reserved */
	EQ(1, bus_read(b, SEL, 4));
	EQ(0x00170020, bus_read(b, WIN, 4));
	EQ(0x00170020, bus_read(b, 0xfec00f10, 4)); /* decoded by address bits 7-0 */
	EQ(0, bus_read(b, WIN, 2));                 /* 32-bit accesses only */
}

/* ---- what is sent ---- */

struct sent {
	unsigned n;
	uint64_t addr;
	uint32_t data;
	struct domain *dom;
	struct clock *clock;
};

static void on_msi(void *arg, uint64_t addr, uint32_t data)
{
	struct sent *s = arg;

	s->n++;
	s->addr = addr;
	s->data = data;
}

static void start(struct sent *s)
{
	struct domain_config c = {.ram = 4096, .hooks = {.msi = on_msi, .arg = s}};

	memset(s, 0, sizeof(*s));
	c.clock = s->clock = clock_new(CLOCK_MANUAL);
	s->dom = domain_new(&c, NULL);
	MUST(s->dom);
}

static void end(struct sent *s)
{
	domain_free(s->dom);
	clock_free(s->clock);
}

static void reg_write(struct sent *s, unsigned n, uint32_t val)
{
	uint8_t sel[4] = {(uint8_t)n}, win[4];

	store_le(win, 4, val);
	OK(domain_mem_write(s->dom, DOMAIN_NO_VCPU, SEL, sel, 4));
	OK(domain_mem_write(s->dom, DOMAIN_NO_VCPU, WIN, win, 4));
}

static uint32_t reg_read(struct sent *s, unsigned n)
{
	uint8_t sel[4] = {(uint8_t)n}, win[4];

	OK(domain_mem_write(s->dom, DOMAIN_NO_VCPU, SEL, sel, 4));
	OK(domain_mem_read(s->dom, DOMAIN_NO_VCPU, WIN, win, 4));
	return (uint32_t)load_le(win, 4);
}

static void entry(struct sent *s, unsigned n, uint32_t high, uint32_t low)
{
	reg_write(s, 0x11 + 2 * n, high);
	reg_write(s, 0x10 + 2 * n, low);
}

static void eoi(struct sent *s, uint8_t vector)
{
	uint8_t v[4] = {vector};

	OK(domain_mem_write(s->dom, DOMAIN_NO_VCPU, EOIR, v, 4));
}

TEST(ioapic_edge)
{
	struct sent s;

	start(&s);
	domain_set_pin(s.dom, 5, true);
	entry(&s, 5, 0x02000000, 0x131); /* the edge came while masked: forgotten */
	EQ(0, s.n);
	domain_set_pin(s.dom, 5, false);
	EQ(0, s.n);
	domain_set_pin(s.dom, 5, true);
	EQ(1, s.n);
	EQ(0xfee02000, s.addr);
	EQ(0x131, s.data); /* lowest priority, edge */
	EQ(0x131, reg_read(&s, 0x10 + 2 * 5));
	domain_set_pin(s.dom, 5, false);
	domain_set_pin(s.dom, 5, true); /* needs no EOI */
	EQ(2, s.n);
	end(&s);
}

TEST(ioapic_level_until_eoi)
{
	struct sent s;

	start(&s);
	domain_set_pin(s.dom, 19, true);
	entry(&s, 19, 0xff000000, LEVEL | LOGICAL | 0x52);
	EQ(1, s.n); /* a level is not lost while masked */
	EQ(0xfeeff004, s.addr);
	EQ(LEVEL | 1 << 14 | 0x52, s.data);
	EQ(LEVEL | LOGICAL | REMOTE_IRR | 0x52, reg_read(&s, 0x10 + 2 * 19));
	domain_set_pin(s.dom, 19, false);
	domain_set_pin(s.dom, 19, true);
	EQ(1, s.n);
	eoi(&s, 0x51); /* another's */
	EQ(1, s.n);
	eoi(&s, 0x52); /* still high: again */
	EQ(2, s.n);
	domain_set_pin(s.dom, 19, false);
	eoi(&s, 0x52);
	EQ(2, s.n);
	EQ(LEVEL | LOGICAL | 0x52, reg_read(&s, 0x10 + 2 * 19));
	domain_set_pin(s.dom, 19, true);
	EQ(3, s.n);
	entry(&s, 19, 0, MASK | 0x52); /* edge mode has no remote IRR */
	EQ(MASK | 0x52, reg_read(&s, 0x10 + 2 * 19));
	entry(&s, 19, 0, MASK | LEVEL | 0x52);
	EQ(3, s.n);
	end(&s);
}

TEST(ioapic_timer_is_input_2)
{
	struct sent s;

	start(&s);
	entry(&s, 0, 0, 0x40);
	entry(&s, 2, 0, 0x42);
	domain_set_pin(s.dom, 0, false);
	clock_advance(s.clock, 120 * NS_PER_MS); /* counter 0 of the 8254, as after reset: 55 ms */
	EQ(2, s.n);
	EQ(0x42, s.data);
	end(&s);
}

LAW_OP("ioapic", ioapic_entry)
{
	uint32_t n = rig_rnd(r) % 24, low = rig_rnd(r) & (LEVEL | LOGICAL | 0x703);

	rig_write(r, 0, 0, 4, 0x11 + 2 * n);
	rig_write(r, 0, 0x10, 4, rig_rnd(r));
	rig_write(r, 0, 0, 4, 0x10 + 2 * n);
	rig_write(r, 0, 0x10, 4, low | (rig_rnd(r) % 4 ? 0u : MASK));
}

LAW_OP("ioapic", ioapic_lines)
{
	for (unsigned i = 0; i < 8; i++)
		dev_input(r->dev, rig_rnd(r) % 24, rig_rnd(r) & 1);
	rig_write(r, 0, 0x40, 4, rig_rnd(r) & 3);
}
