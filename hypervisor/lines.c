/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/lines.c: from the device model's line slots and the platform's own lines to the pins
 * of the interrupt controllers. A pin is the OR of its sources; each change of a source is a step
 * of its own, so that an edge inside one access is an edge at the pin.
 */
#include "hypervisor/core.h"

#include <errno.h>

/* Edges further back than this collapse: whoever counts that far cannot tell them apart. */
#define MOST_EDGES 64
#define CASCADE    2

void domain_watch_pins(struct domain *dom, struct pin_watch *w)
{
	w->next = dom->lines.watches;
	dom->lines.watches = w;
}

void domain_unwatch_pins(struct domain *dom, struct pin_watch *w)
{
	for (struct pin_watch **at = &dom->lines.watches; *at; at = &(*at)->next)
		if (*at == w) {
			*at = w->next;
			return;
		}
}

bool domain_pin(const struct domain *dom, unsigned pin)
{
	return pin < DOMAIN_PINS && dom->lines.level >> pin & 1;
}

static bool pin_wanted(const struct domain *dom, unsigned pin)
{
	const struct lines *l = &dom->lines;

	if (l->local[pin] || l->forced >> pin & 1)
		return true;
	if (pin >= 16)
		return false;
	if (l->seen[HV_LINE_ISA(pin)] & 1)
		return true;
	for (unsigned link = 0; pin && link < PCI_LINKS; link++)
		if (l->link_irq[link] == pin && l->link_high[link])
			return true;
	return false;
}

/* An adopted level is one that the controllers have in their own state already. Pin 0 is at
 * the IOAPIC's input 2 (MP specification 1.4, D.3.1), beside the HPET's own way there, pin 2. */
static void pin_to_controllers(struct domain *dom, unsigned pin, bool level, bool adopt)
{
	bool loading = dom->platform.loading;

	dom->platform.loading |= adopt;
	if (dom->pic && pin < 16 && pin != CASCADE)
		dev_input(dom->pic, pin, level);
	if (dom->ioapic && (pin == 0 || pin == CASCADE))
		dev_input(dom->ioapic, CASCADE, dom->lines.level & (1 << CASCADE | 1));
	else if (dom->ioapic)
		dev_input(dom->ioapic, pin, level);
	dom->platform.loading = loading;
}

static void pin_update(struct domain *dom, unsigned pin, bool adopt)
{
	bool want = pin_wanted(dom, pin);

	if (want == domain_pin(dom, pin))
		return;
	dom->lines.level ^= 1u << pin;
	pin_to_controllers(dom, pin, want, adopt);
	for (struct pin_watch *w = dom->lines.watches, *next; w && !adopt; w = next) {
		next = w->next;
		w->fn(w->arg, pin, want);
	}
}

/* ---- sources ---- */

/* Interrupt pin A of slot 1 is on link A (PCI 2.1, 2.2.6; the swizzle of i440FX boards). */
static unsigned link_of(unsigned slot)
{
	unsigned device = (slot - HV_LINE_INTX(0, 0)) / 4, pin = (slot - HV_LINE_INTX(0, 0)) % 4;

	return (device + pin + 3) % PCI_LINKS;
}

static void slot_toggled(struct domain *dom, unsigned slot, bool adopt)
{
	struct lines *l = &dom->lines;
	unsigned link;

	if (slot < 16) {
		pin_update(dom, slot, adopt);
		return;
	}
	link = link_of(slot);
	if (l->seen[slot] & 1)
		l->link_high[link]++;
	else
		l->link_high[link]--;
	if (l->link_irq[link])
		pin_update(dom, l->link_irq[link], adopt);
}

/* How many steps stand for the way from `was` to `now`: all, or an as odd number of the last. */
static uint32_t steps(uint32_t was, uint32_t now)
{
	uint32_t n = now - was;

	return n <= MOST_EDGES ? n : MOST_EDGES - (n & 1);
}

void core_line(struct domain *dom, unsigned slot, uint32_t counter, bool adopt)
{
	struct lines *l = &dom->lines;
	uint32_t n;

	if (slot >= HV_LINES)
		return;
	n = adopt ? (l->seen[slot] ^ counter) & 1 : steps(l->seen[slot], counter);
	l->seen[slot] = counter - n;
	while (n--) {
		l->seen[slot]++;
		slot_toggled(dom, slot, adopt);
	}
}

void core_lines_drop(struct domain *dom)
{
	for (unsigned i = 0; i < HV_LINES; i++) {
		core_line(dom, i, dom->lines.seen[i] + (dom->lines.seen[i] & 1), false);
		dom->lines.seen[i] = 0;
	}
}

void core_local_line(struct domain *dom, unsigned pin, uint32_t was, uint32_t now, bool adopt)
{
	if (pin >= DOMAIN_PINS)
		return;
	for (uint32_t n = steps(was, now), at = now - n; n--; at++) {
		if (at & 1)
			dom->lines.local[pin]--;
		else
			dom->lines.local[pin]++;
		pin_update(dom, pin, adopt);
	}
}

void domain_set_pin(struct domain *dom, unsigned pin, bool level)
{
	if (pin >= DOMAIN_PINS)
		return;
	dom->lines.forced = (dom->lines.forced & ~(1u << pin)) | (uint32_t)level << pin;
	pin_update(dom, pin, false);
}

int core_link_route(struct domain *dom, unsigned link, unsigned isa_irq)
{
	unsigned old;

	if (link >= PCI_LINKS || isa_irq > 15)
		return -EINVAL;
	old = dom->lines.link_irq[link];
	dom->lines.link_irq[link] = isa_irq;
	if (old)
		pin_update(dom, old, false);
	if (isa_irq)
		pin_update(dom, isa_irq, false);
	return 0;
}

/* ---- the processors' side ---- */

void core_intr(struct domain *dom, bool level)
{
	if (dom->lines.intr == level)
		return;
	dom->lines.intr = level;
	apic_intr(dom, level);
	if (!dom->apic[0].dev)
		__atomic_store_n(&dom->vcpu_intr[0], level, __ATOMIC_RELEASE);
	core_tell(dom, intr, level);
}

bool domain_intr(const struct domain *dom)
{
	return dom->lines.intr;
}

/* A message is a write: outside the local APICs' megabyte it is one to memory. */
void core_msi(struct domain *dom, uint64_t addr, uint32_t data)
{
	size_t len = 4;
	void *p;

	if (addr >> 20 == 0xfee) {
		core_tell(dom, msi, addr, data);
		apic_message(dom, DOMAIN_NO_VCPU, addr, data & 0xffff);
		return;
	}
	p = memmap_dma(&dom->mem, addr, &len, true);
	if (!p || len < 4)
		return;
	store_le(p, 4, data);
	core_written(dom, addr, 4);
}

int core_nmi(struct domain *dom, unsigned vcpu)
{
	if (vcpu >= dom->vcpus)
		return -EINVAL;
	core_tell(dom, nmi, vcpu);
	return 0;
}
