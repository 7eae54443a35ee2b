/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/x86/box.c: see box.h. */
#include "tests/x86/box.h"

#include <pthread.h>

static void on_nmi(void *arg, unsigned vcpu)
{
	struct box *b = arg;

	b->en->ops->nmi(b->en, vcpu);
}

static void on_init(void *arg, unsigned vcpu)
{
	struct box *b = arg;

	b->en->ops->init(b->en, vcpu);
}

static void on_sipi(void *arg, unsigned vcpu, uint8_t vector)
{
	struct box *b = arg;

	b->en->ops->sipi(b->en, vcpu, vector);
}

void box_flat(struct cpu *c)
{
	for (unsigned i = 0; i < SEG_N; i++)
		c->seg[i] = (struct segment){
			.limit = ~0u, .sel = 0x10, .attr = SEG_P | SEG_S | SEG_DB | SEG_G | 3};
	c->seg[SEG_CS].sel = 8;
	c->seg[SEG_CS].attr |= 8;
	c->gdtr = (struct table_reg){BOX_GDT, 0x1f};
	c->idtr = (struct table_reg){BOX_IDT, 0x7ff};
	c->cr0 = CR0_PE | CR0_ET;
	c->rip = BOX_AT(c->id);
	c->r[R_SP] = 0x7000 - 0x1000 * c->id;
	c->wait_sipi = false;
	cpu_set_cs_mode(c);
}

void box_new_on(struct box *b, struct clock *clock)
{
	static const uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff,
				       0x00af9b000000ffff};
	struct domain_config config = {
		.ram = 8 << 20,
		.vcpus = 2,
		.clock = clock,
		.hooks = {.nmi = on_nmi, .init = on_init, .sipi = on_sipi, .arg = b}};
	struct err e = {""};
	size_t len = 8 << 20;

	b->dom = domain_new(&config, &e);
	MUST(b->dom);
	b->en = engine_find("soft")->open(b->dom, &ENGINE_CONFIG("max"), &e);
	NOTE("%s", e.msg);
	MUST(b->en);
	domain_lock(b->dom);
	b->ram = domain_ram(b->dom, 0, &len, true);
	domain_unlock(b->dom);
	memcpy(b->ram + BOX_GDT, gdt, sizeof(gdt));
	for (unsigned i = 0; i < 2; i++) {
		b->c[i] = b->en->ops->cpu(b->en, i);
		tier_put(b->c[i]);
	}
	box_flat(b->c[0]);
}

void box_new(struct box *b)
{
	box_new_on(b, NULL);
}

void box_free(struct box *b)
{
	b->en->ops->close(b->en);
	domain_free(b->dom);
}

void box_put(struct box *b, uint32_t at, const uint8_t *start, const uint8_t *end)
{
	memcpy(b->ram + at, start, (size_t)(end - start));
}

void box_gate(struct box *b, unsigned vector, uint32_t at)
{
	store_le(b->ram + BOX_IDT + 8 * vector, 4, (at & 0xffff) | 8 << 16);
	store_le(b->ram + BOX_IDT + 8 * vector + 4, 4, (at & 0xffff0000) | 0x8e00);
}

uint32_t box_ram(struct box *b, uint32_t at)
{
	return (uint32_t)load_le(b->ram + at, 4);
}

struct half {
	struct box *b;
	unsigned vcpu;
	enum engine_stop stop;
};

static void *half_main(void *arg)
{
	struct half *h = arg;

	h->stop =
		h->b->en->ops->run(h->b->en, h->vcpu, 1ull << 40); /* who waits may spin for long */
	return NULL;
}

void box_run(struct box *b)
{
	struct half h[] = {{b, 0, 0}, {b, 1, 0}};
	pthread_t t[2];

	for (unsigned i = 0; i < 2; i++)
		MUST(!pthread_create(&t[i], NULL, half_main, &h[i]));
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(t[i], NULL);
		EQ(ENGINE_HALTED, h[i].stop);
	}
}
