/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine seam: "soft" from reset, with the 8259 pair and timer of a real domain. */
#include "base/err.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/engine.h"
#include "tests/x86/tier.h"

struct box {
	struct domain *dom;
	struct engine *en;
	uint8_t *ram;
};

static void modified(void *arg, uint64_t first_gfn, uint64_t nr)
{
	struct box *b = arg;

	b->en->ops->modified(b->en, first_gfn, nr);
}

static void nmi(void *arg, unsigned vcpu)
{
	struct box *b = arg;

	b->en->ops->nmi(b->en, vcpu);
}

static void box_new(struct box *b)
{
	struct domain_config config = {.ram = 8 << 20,
				       .hooks = {.modified = modified, .nmi = nmi, .arg = b}};
	struct err e = {""};
	size_t len = 1 << 16;

	b->dom = domain_new(&config, &e);
	MUST(b->dom);
	b->en = engine_find("soft")->open(b->dom, &ENGINE_CONFIG("max"), &e);
	NOTE("%s", e.msg);
	MUST(b->en);
	domain_lock(b->dom);
	b->ram = domain_ram(b->dom, 0, &len, true);
	domain_unlock(b->dom);
	tier_put(b->en->ops->cpu(b->en, 0));
}

static void box_free(struct box *b)
{
	b->en->ops->close(b->en);
	domain_free(b->dom);
}

/* At 0:0x600 instead of the reset vector, where there is no ROM. */
static void start(struct box *b, const uint8_t *code, size_t len)
{
	struct cpu *c = b->en->ops->cpu(b->en, 0);

	memcpy(b->ram + 0x600, code, len);
	c->seg[SEG_CS].base = c->seg[SEG_CS].sel = 0;
	c->rip = 0x600;
	c->r[R_SP] = 0x500;
}

TEST(names)
{
	CHECK(engine_find("soft"));
	CHECK(!engine_find("hard"));
}

TIER_TEST(an_interrupt_of_the_8259_wakes_a_halted_vcpu)
{
	static const uint8_t code[] = {0xb0, 0x11, 0xe6, 0x20, /* ICW1 */
				       0xb0, 0x08, 0xe6, 0x21, /* ICW2: vectors 8 … */
				       0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01,
				       0xe6, 0x21, 0xb0, 0xdf, 0xe6, 0x21, /* all but 5 */
				       0xfb, 0xf4,                         /* sti; hlt */
				       0x43, 0xfa, 0xf4};                  /* inc bx; cli; hlt */
	static const uint8_t handler[] = {0x41, 0xcf};                     /* inc cx; iret */
	struct box b;

	box_new(&b);
	start(&b, code, sizeof(code));
	memcpy(b.ram + 0x700, handler, sizeof(handler));
	memcpy(b.ram + 13 * 4, "\0\x07\0\0", 4);
	EQ(ENGINE_HALTED, b.en->ops->run(b.en, 0, 1000));
	EQ(0, b.en->ops->cpu(b.en, 0)->r[R_BX]);
	EQ(ENGINE_HALTED, b.en->ops->run(b.en, 0, 1000));
	domain_lock(b.dom);
	domain_set_pin(b.dom, 5, true);
	domain_unlock(b.dom);
	EQ(ENGINE_HALTED, b.en->ops->run(b.en, 0, 1000));
	EQ(1, b.en->ops->cpu(b.en, 0)->r[R_BX]);
	EQ(1, b.en->ops->cpu(b.en, 0)->r[R_CX]);
	box_free(&b);
}

TIER_TEST(kick_stops_an_endless_loop_and_count_ends_it)
{
	static const uint8_t code[] = {0xeb, 0xfe};
	struct box b;

	box_new(&b);
	start(&b, code, sizeof(code));
	/* few enough to be counted on either tier */
	EQ(ENGINE_COUNT, b.en->ops->run(b.en, 0, 999));
	b.en->ops->kick(b.en, 0);
	EQ(ENGINE_KICKED, b.en->ops->run(b.en, 0, 1000));
	EQ(ENGINE_COUNT, b.en->ops->run(b.en, 0, 999));
	box_free(&b);
}

TIER_TEST(a_device_writes_code_that_ran)
{
	static const uint8_t code[] = {0x43, 0xeb, 0xfd}; /* inc bx; jmp back */
	struct box b;
	struct cpu *c;

	box_new(&b);
	start(&b, code, sizeof(code));
	c = b.en->ops->cpu(b.en, 0);
	EQ(ENGINE_COUNT, b.en->ops->run(b.en, 0, 10));
	EQ(5, c->r[R_BX]);
	domain_lock(b.dom);
	OK(domain_mem_write(b.dom, DOMAIN_NO_VCPU, 0x600, "\xf4", 1));
	domain_unlock(b.dom);
	EQ(ENGINE_HALTED, b.en->ops->run(b.en, 0, 10));
	EQ(0x601, c->rip);
	box_free(&b);
}

TIER_TEST(reset_starts_at_the_vector)
{
	static const uint8_t code[] = {0x43, 0xf4};
	struct box b;
	struct cpu *c;

	box_new(&b);
	start(&b, code, sizeof(code));
	c = b.en->ops->cpu(b.en, 0);
	EQ(ENGINE_HALTED, b.en->ops->run(b.en, 0, 10));
	b.en->ops->reset(b.en, NULL);
	EQ(0xffff0000, c->seg[SEG_CS].base);
	EQ(0xfff0, c->rip);
	EQ(0, c->r[R_BX]);
	box_free(&b);
}
