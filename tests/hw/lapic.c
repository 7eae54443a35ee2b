/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APICs, against Intel SDM volume 3, chapter 10, in a domain of two processors. */
#include "hypervisor/domain.h"
#include "tests/hw/laws.h"
#include "tests/test.h"

#include <errno.h>

enum { ID = 0x20, VER = 0x30, TPR = 0x80, APR = 0x90, PPR = 0xa0, EOI = 0xb0, LDR = 0xd0 };
enum { DFR = 0xe0, SVR = 0xf0, ISR = 0x100, TMR = 0x180, IRR = 0x200, ESR = 0x280 };
enum { ICR = 0x300, ICR2 = 0x310, LVTT = 0x320, LINT0 = 0x350, LINT1 = 0x360, LVTERR = 0x370 };
enum { COUNT = 0x380, CURRENT = 0x390, DIVIDE = 0x3e0, MASKED = 1 << 16 };

struct pair {
	struct domain *dom;
	struct clock *clock;
	unsigned inits, sipis, nmis, vcpu, vector;
	bool level[2];
};

static void on_init(void *arg, unsigned vcpu)
{
	struct pair *p = arg;

	p->inits++;
	p->vcpu = vcpu;
}

static void on_sipi(void *arg, unsigned vcpu, uint8_t vector)
{
	struct pair *p = arg;

	p->sipis++;
	p->vcpu = vcpu;
	p->vector = vector;
}

static void on_nmi(void *arg, unsigned vcpu)
{
	struct pair *p = arg;

	p->nmis++;
	p->vcpu = vcpu;
}

static void on_apic(void *arg, unsigned vcpu, bool level)
{
	((struct pair *)arg)->level[vcpu] = level;
}

static uint32_t get(struct pair *p, unsigned vcpu, unsigned at)
{
	uint8_t b[4];

	OK(domain_mem_read(p->dom, vcpu, 0xfee00000 + at, b, 4));
	return (uint32_t)load_le(b, 4);
}

static void put(struct pair *p, unsigned vcpu, unsigned at, uint32_t v)
{
	uint8_t b[4];

	store_le(b, 4, v);
	OK(domain_mem_write(p->dom, vcpu, 0xfee00000 + at, b, 4));
}

static void begin_on(struct pair *p, enum clock_mode mode)
{
	struct domain_config c = {.ram = 4096,
				  .vcpus = 2,
				  .hooks = {.apic = on_apic,
					    .init = on_init,
					    .sipi = on_sipi,
					    .nmi = on_nmi,
					    .arg = p}};
	uint8_t mask = 0xff;

	memset(p, 0, sizeof(*p));
	c.clock = p->clock = clock_new(mode);
	p->dom = domain_new(&c, NULL);
	MUST(p->dom);
	OK(domain_out(p->dom, 0, 0x21, 1, mask));
}

static void begin(struct pair *p)
{
	begin_on(p, CLOCK_MANUAL);
}

static void enable(struct pair *p)
{
	put(p, 0, SVR, 0x1ff);
	put(p, 1, SVR, 0x1ff);
}

static void finish(struct pair *p)
{
	domain_free(p->dom);
	clock_free(p->clock);
}

static unsigned take(struct pair *p, unsigned vcpu)
{
	return domain_vcpu_intr(p->dom, vcpu) ? domain_vcpu_inta(p->dom, vcpu) : 0;
}

TEST(apic_reset_values)
{
	struct pair p;

	begin(&p);
	EQ(0, get(&p, 0, ID));
	EQ(0x01000000, get(&p, 1, ID)); /* each sees its own at the one address */
	EQ(0x00050014, get(&p, 1, VER));
	EQ(0xffffffff, get(&p, 1, DFR)); /* 10.4.7.1 */
	EQ(0xff, get(&p, 1, SVR));
	for (unsigned at = LVTT; at <= LVTERR; at += 16)
		EQ(MASKED, get(&p, 1, at));
	EQ(0x700, get(&p, 0, LINT0)); /* virtual wire of the first one */
	EQ(0, get(&p, 1, TPR) | get(&p, 1, LDR) | get(&p, 1, ESR) | get(&p, 1, ICR));
	EQ(0, get(&p, 1, COUNT) | get(&p, 1, CURRENT) | get(&p, 1, DIVIDE));
	EQ(0, get(&p, 1, 0x40));
	finish(&p);
}

TEST(apic_masks)
{
	static const uint32_t want[][2] = {
		{TPR, 0xff},      {LDR, 0xff000000}, {DFR, 0xffffffff}, {SVR, 0x1ff},
		{LVTT, 0x700ff},  {0x330, 0x107ff},  {0x340, 0x107ff},  {LINT0, 0x1a7ff},
		{LINT1, 0x1a7ff}, {LVTERR, 0x100ff}, {DIVIDE, 0xb},     {ICR2, 0xff000000},
		{VER, 0x50014},   {PPR, 0xff},       {ISR, 0},          {IRR, 0}};
	struct pair p;

	begin(&p);
	enable(&p);
	for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
		put(&p, 1, want[i][0], 0xffffffff);
		EQ(want[i][1], get(&p, 1, want[i][0]));
	}
	put(&p, 1, LVTT, 0x31);
	put(&p, 1, SVR, 0xff); /* off: masks are set and stay */
	EQ(MASKED | 0x31, get(&p, 1, LVTT));
	put(&p, 1, LVTT, 0x31);
	EQ(MASKED | 0x31, get(&p, 1, LVTT));
	finish(&p);
}

TEST(apic_priorities)
{
	struct pair p;

	begin(&p);
	enable(&p);
	put(&p, 0, ICR, 0x40000 | 0x51); /* self */
	put(&p, 0, ICR, 0x40000 | 0x55);
	put(&p, 0, ICR, 0x40000 | 0x32);
	EQ(1u << 0x11 | 1u << 0x15, get(&p, 0, IRR + 0x20));
	EQ(0x50, get(&p, 0, APR));
	put(&p, 0, TPR, 0x50); /* its class and all below wait */
	CHECK(!domain_vcpu_intr(p.dom, 0));
	EQ(5, domain_apic_tpr(p.dom, 0));
	domain_apic_set_tpr(p.dom, 0, 4);
	EQ(0x40, get(&p, 0, TPR));
	CHECK(p.level[0]);
	EQ(0x55, take(&p, 0));
	EQ(0x50, get(&p, 0, PPR));
	EQ(1u << 0x15, get(&p, 0, ISR + 0x20));
	EQ(0, take(&p, 0)); /* same class */
	put(&p, 0, EOI, 0);
	EQ(0x51, take(&p, 0));
	put(&p, 0, ICR, 0x40000 | 0x91); /* nests */
	EQ(0x91, take(&p, 0));
	put(&p, 0, EOI, 0);
	EQ(0x50, get(&p, 0, PPR));
	put(&p, 0, EOI, 0);
	EQ(0, take(&p, 0));
	put(&p, 0, TPR, 0);
	EQ(0x32, take(&p, 0));
	EQ(0xff, domain_vcpu_inta(p.dom, 0)); /* spurious: no bit in ISR */
	put(&p, 0, EOI, 0);
	put(&p, 0, EOI, 0);
	EQ(0, get(&p, 0, PPR));
	finish(&p);
}

TEST(apic_destinations)
{
	struct pair p;

	begin(&p);
	enable(&p);
	put(&p, 0, ICR2, 0x01000000);
	put(&p, 0, ICR, 0x41); /* physical */
	EQ(0x41, take(&p, 1));
	put(&p, 1, EOI, 0);
	EQ(0, take(&p, 0));
	put(&p, 0, LDR, 0x01000000); /* flat */
	put(&p, 1, LDR, 0x02000000);
	put(&p, 0, ICR2, 0x03000000);
	put(&p, 0, ICR, 0x842);
	EQ(0x42, take(&p, 0));
	EQ(0x42, take(&p, 1));
	put(&p, 0, EOI, 0);
	put(&p, 0, TPR, 0x20);
	put(&p, 1, EOI, 0);
	put(&p, 0, ICR, 0x943); /* lowest priority: the one with TPR 0 */
	EQ(0, take(&p, 0));
	EQ(0x43, take(&p, 1));
	put(&p, 1, EOI, 0);
	put(&p, 0, DFR, 0); /* clusters */
	put(&p, 1, DFR, 0);
	put(&p, 0, LDR, 0x11000000);
	put(&p, 1, LDR, 0x21000000);
	put(&p, 0, ICR2, 0x21000000);
	put(&p, 0, ICR, 0x844);
	EQ(0, take(&p, 0));
	EQ(0x44, take(&p, 1));
	put(&p, 1, EOI, 0);
	put(&p, 0, ICR, 0xc0045); /* all but self */
	EQ(0, take(&p, 0));
	EQ(0x45, take(&p, 1));
	put(&p, 1, EOI, 0);
	put(&p, 0, ICR, 0x80046); /* all */
	EQ(0x46, take(&p, 0));
	EQ(0x46, take(&p, 1));
	finish(&p);
}

TEST(apic_init_sipi_nmi)
{
	struct pair p;

	begin(&p);
	enable(&p);
	put(&p, 1, TPR, 0x30);
	put(&p, 0, ICR2, 0x01000000);
	put(&p, 0, ICR, 0x4500);
	EQ(1, p.inits);
	EQ(1, p.vcpu);
	EQ(0, get(&p, 1, TPR));
	EQ(0xff, get(&p, 1, SVR));
	put(&p, 0, ICR, 0x8500); /* INIT level de-assert */
	EQ(1, p.inits);
	put(&p, 0, ICR, 0xc469a); /* to the others; vector 9a */
	EQ(1, p.sipis);
	EQ(0x9a, p.vector);
	EQ(1, p.vcpu);
	put(&p, 0, ICR, 0x4400);
	EQ(1, p.nmis);
	EQ(0x4400, get(&p, 0, ICR)); /* delivery status is idle */
	finish(&p);
}

TEST(apic_errors)
{
	struct pair p;

	begin(&p);
	enable(&p);
	put(&p, 0, LVTERR, 0x71);
	put(&p, 0, ICR, 0x4000f); /* illegal vector sent */
	EQ(0, get(&p, 0, ESR));
	put(&p, 0, ESR, 0);
	EQ(0x20, get(&p, 0, ESR));
	EQ(0x71, take(&p, 0));
	put(&p, 0, EOI, 0);
	put(&p, 0, ESR, 0);
	EQ(0, get(&p, 0, ESR));
	put(&p, 0, LVTT, 0x05); /* illegal vector received, period of 1 ns: one error */
	put(&p, 0, LVTT, 0x20005);
	put(&p, 0, DIVIDE, 0xb);
	put(&p, 0, COUNT, 1);
	clock_advance(p.clock, NS_PER_SEC);
	put(&p, 0, ESR, 0);
	EQ(0x40, get(&p, 0, ESR));
	finish(&p);
}

TEST(apic_timer)
{
	struct pair p;

	begin(&p);
	enable(&p);
	put(&p, 0, DIVIDE, 0x3); /* by 16 */
	put(&p, 0, LVTT, 0x40);
	put(&p, 0, COUNT, 1000);
	clock_advance(p.clock, 8000);
	EQ(500, get(&p, 0, CURRENT));
	EQ(0, take(&p, 0));
	clock_advance(p.clock, 7999);
	EQ(0, take(&p, 0));
	clock_advance(p.clock, 1);
	EQ(0x40, take(&p, 0));
	EQ(0, get(&p, 0, CURRENT));
	put(&p, 0, EOI, 0);
	clock_advance(p.clock, NS_PER_SEC);
	EQ(0, take(&p, 0)); /* once */
	put(&p, 0, LVTT, 0x20041);
	put(&p, 0, DIVIDE, 0xb); /* by 1 */
	put(&p, 0, COUNT, 1000);
	for (unsigned i = 0; i < 3; i++) {
		clock_advance(p.clock, 1000);
		EQ(0x41, take(&p, 0));
		put(&p, 0, EOI, 0);
		EQ(1000, get(&p, 0, CURRENT));
	}
	clock_advance(p.clock, 10500); /* what is not taken is one */
	EQ(0x41, take(&p, 0));
	put(&p, 0, EOI, 0);
	EQ(0, take(&p, 0));
	EQ(500, get(&p, 0, CURRENT));
	put(&p, 0, DIVIDE, 0); /* by 2: 500 more are 1 us */
	clock_advance(p.clock, 999);
	EQ(0, take(&p, 0));
	clock_advance(p.clock, 1);
	EQ(0x41, take(&p, 0));
	put(&p, 0, COUNT, 0);
	put(&p, 0, EOI, 0);
	clock_advance(p.clock, NS_PER_SEC);
	EQ(0, take(&p, 0));
	finish(&p);
}

/* A count that the host's time overtakes while it is being written ends all the same. */
TEST(apic_timer_short)
{
	struct pair p;

	begin_on(&p, CLOCK_HOST);
	enable(&p);
	put(&p, 0, DIVIDE, 0xb);
	put(&p, 0, LVTT, 0x40);
	clock_start(p.clock);
	put(&p, 0, COUNT, 1);
	clock_run(p.clock);
	EQ(0x40, take(&p, 0));
	finish(&p);
}

TEST(apic_tsc_deadline)
{
	struct pair p;
	uint64_t v = 1;

	begin(&p);
	enable(&p);
	OK(domain_apic_wrmsr(p.dom, 0, 0x6e0, 5000)); /* not in that mode: no effect */
	OK(domain_apic_rdmsr(p.dom, 0, 0x6e0, &v));
	EQ(0, v);
	put(&p, 0, LVTT, 0x40050);
	domain_apic_tsc_offset(p.dom, 0, 1000);
	OK(domain_apic_wrmsr(p.dom, 0, 0x6e0, 5000));
	clock_advance(p.clock, 3999);
	EQ(0, take(&p, 0));
	OK(domain_apic_rdmsr(p.dom, 0, 0x6e0, &v));
	EQ(5000, v);
	clock_advance(p.clock, 1);
	EQ(0x50, take(&p, 0));
	OK(domain_apic_rdmsr(p.dom, 0, 0x6e0, &v));
	EQ(0, v);
	put(&p, 0, EOI, 0);
	OK(domain_apic_wrmsr(p.dom, 0, 0x6e0, 1)); /* past: at once */
	clock_advance(p.clock, 0);
	EQ(0x50, take(&p, 0));
	put(&p, 0, COUNT, 7);
	EQ(0, get(&p, 0, COUNT) | get(&p, 0, CURRENT));
	finish(&p);
}

TEST(apic_virtual_wire)
{
	static const uint8_t icw[] = {0x20, 4, 1, 0xfd};
	struct pair p;

	begin(&p);
	OK(domain_out(p.dom, 0, 0x20, 1, 0x11));
	for (unsigned i = 0; i < 4; i++)
		OK(domain_out(p.dom, 0, 0x21, 1, icw[i]));
	domain_set_pin(p.dom, 1, true);
	CHECK(domain_intr(p.dom));
	CHECK(domain_vcpu_intr(p.dom, 0));
	CHECK(!domain_vcpu_intr(p.dom, 1));
	put(&p, 0, LINT0, MASKED | 0x700);
	CHECK(!domain_vcpu_intr(p.dom, 0));
	put(&p, 0, SVR, 0x1ff);
	put(&p, 0, LINT0, 0x700);
	EQ(0x21, take(&p, 0));
	CHECK(!domain_vcpu_intr(p.dom, 0));
	/* Without its APIC a processor has the pin as INTR. */
	OK(domain_out(p.dom, 0, 0x20, 1, 0x20));
	domain_set_pin(p.dom, 1, false);
	OK(domain_apic_wrmsr(p.dom, 0, 0x1b, 0xfee00100));
	EQ(0xffffffff, get(&p, 0, VER));
	domain_set_pin(p.dom, 1, true);
	EQ(0x21, take(&p, 0));
	/* LINT1 as NMI; LINT0 as a fixed vector. */
	OK(domain_apic_wrmsr(p.dom, 0, 0x1b, 0xfee00900));
	put(&p, 0, SVR, 0x1ff);
	put(&p, 0, LINT1, 0x400);
	dev_input(dev_find(domain_platform(p.dom), "apic0"), 1, true);
	EQ(1, p.nmis);
	OK(domain_out(p.dom, 0, 0x20, 1, 0x20));
	domain_set_pin(p.dom, 1, false);
	put(&p, 0, LINT0, 0x66);
	domain_set_pin(p.dom, 1, true);
	EQ(0x66, take(&p, 0));
	finish(&p);
}

TEST(apic_ioapic_level)
{
	static const uint32_t red[][2] = {{0x10 + 2 * 10, 0x8000 | 0x61},
					  {0x11 + 2 * 10, 1u << 24}};
	struct pair p;
	uint8_t b[4];

	begin(&p);
	enable(&p);
	for (int i = 1; i >= 0; i--) {
		store_le(b, 4, red[i][0]);
		OK(domain_mem_write(p.dom, 0, 0xfec00000, b, 4));
		store_le(b, 4, red[i][1]);
		OK(domain_mem_write(p.dom, 0, 0xfec00010, b, 4));
	}
	domain_set_pin(p.dom, 10, true);
	EQ(0x61, take(&p, 1));
	EQ(1u << 1, get(&p, 1, TMR + 0x30));
	EQ(0, take(&p, 1));
	put(&p, 1, EOI, 0); /* still high: comes again */
	EQ(0x61, take(&p, 1));
	domain_set_pin(p.dom, 10, false);
	put(&p, 1, EOI, 0);
	EQ(0, take(&p, 1));
	finish(&p);
}

TEST(apic_x2)
{
	struct pair p;
	uint64_t v = 0;

	begin(&p);
	EQ(-EINVAL, domain_apic_rdmsr(p.dom, 1, 0x802, &v)); /* not in that mode */
	EQ(-EINVAL, domain_apic_wrmsr(p.dom, 1, 0x1b, 0xfee00400));
	EQ(-EINVAL, domain_apic_wrmsr(p.dom, 1, 0x1b, 1ull << 50 | 0xfee00800));
	OK(domain_apic_wrmsr(p.dom, 1, 0x1b, 0xfee00c00));
	EQ(0xffffffff, get(&p, 1, VER)); /* no page any more */
	OK(domain_apic_rdmsr(p.dom, 1, 0x1b, &v));
	EQ(0xfee00c00, v);
	OK(domain_apic_rdmsr(p.dom, 1, 0x802, &v));
	EQ(1, v);
	OK(domain_apic_rdmsr(p.dom, 1, 0x80d, &v));
	EQ(2, v);
	EQ(-EINVAL, domain_apic_rdmsr(p.dom, 1, 0x80e, &v)); /* no DFR */
	EQ(-EINVAL, domain_apic_wrmsr(p.dom, 1, 0x80d, 1));
	EQ(-EINVAL, domain_apic_rdmsr(p.dom, 1, 0x80b, &v));
	EQ(-EINVAL, domain_apic_wrmsr(p.dom, 1, 0x80b, 1));
	EQ(-EINVAL, domain_apic_wrmsr(p.dom, 1, 0x808, 0x100));
	OK(domain_apic_wrmsr(p.dom, 1, 0x80f, 0x1ff));
	OK(domain_apic_wrmsr(p.dom, 1, 0x83f, 0x45));
	EQ(0x45, take(&p, 1));
	OK(domain_apic_rdmsr(p.dom, 1, 0x812, &v)); /* ISR 95-64 */
	EQ(1u << 5, v);
	OK(domain_apic_wrmsr(p.dom, 1, 0x80b, 0));
	put(&p, 0, SVR, 0x1ff);
	OK(domain_apic_wrmsr(p.dom, 1, 0x830, 0x0000000000000047)); /* to processor 0 */
	OK(domain_apic_rdmsr(p.dom, 1, 0x830, &v));
	EQ(0x47, v);
	EQ(0x47, take(&p, 0));
	OK(domain_apic_wrmsr(p.dom, 1, 0x830, 0xffffffff00000048));
	EQ(0x48, take(&p, 1));
	OK(domain_apic_wrmsr(p.dom, 1, 0x80b, 0));
	OK(domain_apic_wrmsr(p.dom, 1, 0x830, 0x0000000200000849)); /* cluster 0, member 1 */
	EQ(0x49, take(&p, 1));
	EQ(-EINVAL, domain_apic_wrmsr(p.dom, 1, 0x1b, 0xfee00800)); /* through off only */
	OK(domain_apic_wrmsr(p.dom, 1, 0x1b, 0xfee00000));
	EQ(-EINVAL, domain_apic_wrmsr(p.dom, 1, 0x1b, 0xfee00c00));
	OK(domain_apic_wrmsr(p.dom, 1, 0x1b, 0xfee00800));
	EQ(0xff, get(&p, 1, SVR)); /* as after power-up */
	EQ(-EINVAL, domain_apic_rdmsr(p.dom, 5, 0x1b, &v));
	finish(&p);
}

LAW_OP("apic", apic_on)
{
	rig_write(r, 0, SVR, 4, 0x1ff);
	rig_write(r, 0, LVTERR, 4, 0x30 + rig_rnd(r) % 64);
	rig_write(r, 0, TPR, 4, rig_rnd(r) & 0x3f);
}

LAW_OP("apic", apic_timer_run)
{
	rig_write(r, 0, SVR, 4, 0x1ff);
	rig_write(r, 0, DIVIDE, 4, rig_rnd(r));
	rig_write(r, 0, LVTT, 4, (rig_rnd(r) & 3) << 17 | (rig_rnd(r) & 0xff));
	rig_write(r, 0, COUNT, 4, rig_rnd(r) % 100000);
	rig_write(r, 1, 40, 8, rig_rnd(r) % 4 ? rig_rnd(r) : ~0ull);
	rig_run(r, rig_rnd(r) % 100000);
	rig_read(r, 0, CURRENT, 4);
}

LAW_OP("apic", apic_interrupts)
{
	for (unsigned i = 0; i < 4; i++)
		rig_write(r, 1, 12, 4, rig_rnd(r) & 0x87ff);
	for (unsigned i = 0; i < 3; i++) {
		rig_read(r, 1, 20, 4);
		rig_write(r, 0, EOI, 4, 0);
	}
}
