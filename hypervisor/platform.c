/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/platform.c: what surrounds the devices that live inside the core. */
#include "hypervisor/core.h"

#include <errno.h>

static struct domain *domain_of(struct dev_env *env)
{
	return container_of(env, struct domain, platform);
}

/* ---- what the devices ask for ---- */

static void env_window(struct dev_env *env, struct dev *d, unsigned win)
{
	struct domain *dom = domain_of(env);
	const struct window *w = &dev_windows(d)[win];
	unsigned i = 0, vcpu = apic_vcpu(dom, d);

	if (vcpu != DOMAIN_NO_VCPU) {
		dom->apic[vcpu].w = (struct platform_window){d, win, *w};
		return;
	}
	while (i < dom->n_windows && (dom->windows[i].dev != d || dom->windows[i].win != win))
		i++;
	if (w->base == WINDOW_OFF) {
		if (i < dom->n_windows)
			dom->windows[i] = dom->windows[--dom->n_windows];
		return;
	}
	if (i == PLATFORM_WINDOWS)
		return;
	if (i == dom->n_windows)
		dom->n_windows++;
	dom->windows[i] = (struct platform_window){d, win, *w};
}

static void tell_pit(struct domain *dom, bool cut, bool adopt)
{
	bool loading = dom->platform.loading;

	dom->platform.loading |= adopt;
	if (dom->pit)
		dev_input(dom->pit, 0, cut);
	dom->platform.loading = loading;
}

/* Legacy replacement: pins 0 and 8 are the HPET's alone. The 8254's line is right again before it
 * is joined, and may be wrong only once it is cut. */
static void legacy(struct domain *dom, bool on, bool adopt)
{
	if (dom->hpet_legacy == on)
		return;
	if (!on)
		tell_pit(dom, false, adopt);
	dom->hpet_legacy = on;
	if (dom->pit && dev_line_counter(dom->pit, 0) & 1)
		core_local_line(dom, 0, on, on + 1, adopt);
	if (dom->rtc && dev_line_counter(dom->rtc, 0) & 1)
		core_local_line(dom, 8, on, on + 1, adopt);
	if (on)
		tell_pit(dom, true, adopt);
}

static void env_line(struct dev_env *env, struct dev *d, unsigned n, uint32_t was, uint32_t now,
		     bool adopt)
{
	struct domain *dom = domain_of(env);
	enum line_to to;
	unsigned pin;

	dev_line_target(d, n, &to, &pin);
	if (dom->hpet_legacy && (d == dom->pit || d == dom->rtc))
		return;
	if (to == LINE_LOCAL && d == dom->hpet)
		legacy(dom, now & 1, adopt);
	else if (to == LINE_ISA)
		core_local_line(dom, pin, was, now, adopt);
	else if (to == LINE_LOCAL && d == dom->pic)
		core_intr(dom, now & 1);
	else if (to == LINE_LOCAL && apic_vcpu(dom, d) != DOMAIN_NO_VCPU)
		apic_line(dom, apic_vcpu(dom, d), now & 1);
}

static void env_request(struct dev_env *env, struct dev *d, enum dev_request what, unsigned arg)
{
	struct domain *dom = domain_of(env);
	unsigned vcpu = apic_vcpu(dom, d);

	(void)arg;
	if (what == REQ_NMI)
		core_nmi(dom, vcpu == DOMAIN_NO_VCPU ? 0 : vcpu);
}

static void env_msi(struct dev_env *env, struct dev *d, uint64_t addr, uint32_t data)
{
	struct domain *dom = domain_of(env);
	unsigned vcpu = apic_vcpu(dom, d);

	if (vcpu == DOMAIN_NO_VCPU)
		core_msi(dom, addr, data);
	else
		apic_message(dom, vcpu, addr, data);
}

static const struct dev_env_ops env_ops = {
	.window = env_window,
	.line = env_line,
	.msi = env_msi,
	.request = env_request,
};

/* ---- life ---- */

struct dev *platform_device(struct domain *dom, const char *class, const char *id, const char *prop,
			    const char *value, struct dev **where, int *rc, struct err *e)
{
	const struct dev_class *c = dev_class_find(class);
	struct dev *d;

	if (*rc)
		return NULL;
	if (!c) {
		*rc = err_set(e, -ENODEV, "this program was built without %s", class);
		return NULL;
	}
	d = dev_new(&dom->platform, c, id, e);
	*rc = d ? 0 : -ENOMEM;
	if (where)
		*where = d;
	if (!*rc && prop)
		*rc = dev_prop_set(d, prop, value, e);
	if (!*rc)
		*rc = dev_realize(d, NULL, e);
	if (!*rc)
		return d;
	if (where)
		*where = NULL;
	dev_free(d);
	return NULL;
}

static struct dev *device_new(struct domain *dom, const char *class, const char *id, int *rc,
			      struct err *e)
{
	return platform_device(dom, class, id, NULL, NULL, NULL, rc, e);
}

int platform_init(struct domain *dom, const struct domain_config *c, struct err *e)
{
	char base[32];
	int rc;

	dom->platform.ops = &env_ops;
	dom->platform.clock = dom->clock;
	rc = dev_env_init(&dom->platform, e);
	if (rc || c->bare)
		return rc;
	dom->pic = device_new(dom, "isa-pic", "pic", &rc, e);
	dom->ioapic = device_new(dom, "ioapic", "ioapic", &rc, e);
	/* All that watch lines are there before anything drives one. */
	if (!rc)
		rc = apic_init(dom, e);
	dom->pit = device_new(dom, "isa-pit", "pit", &rc, e);
	snprintf(base, sizeof(base), "%lld", (long long)MAX(c->rtc_base, 0));
	dom->rtc = platform_device(dom, "mc146818rtc", "rtc", "base", base, NULL, &rc, e);
	dom->pm = device_new(dom, "pm-timer", "pm", &rc, e);
	dom->hpet = device_new(dom, "hpet", "hpet", &rc, e);
	return rc;
}

void platform_fini(struct domain *dom)
{
	if (!dom->platform.arena)
		return;
	/* Lines fall while devices are freed; the controllers are no longer there to see it. */
	dom->pic = dom->rtc = dom->ioapic = dom->pm = dom->pit = dom->hpet = NULL;
	memset(dom->apic, 0, sizeof(dom->apic));
	dev_env_fini(&dom->platform);
}

struct dev_env *domain_platform(struct domain *dom)
{
	return &dom->platform;
}

int platform_bank(const struct dev *d, const char *name)
{
	for (unsigned i = 0; d && i < d->class->n_regions; i++)
		if (!strcmp(d->class->regions[i].name, name))
			return (int)i;
	return -1;
}

/* The acknowledge cycle is a bank of the 8259 pair. */
unsigned domain_inta(struct domain *dom)
{
	int bank = platform_bank(dom->pic, "inta");

	return bank < 0 ? 0xff : (unsigned)dev_read(dom->pic, (unsigned)bank, 0, 1);
}

void domain_pm_place(struct domain *dom, uint16_t base, bool on)
{
	int bank = platform_bank(dom->pm, "place");

	if (bank >= 0)
		dev_write(dom->pm, (unsigned)bank, 0, 4, (base & 0xffc0u) | on);
}

void domain_pm_event(struct domain *dom, uint16_t status)
{
	int bank = platform_bank(dom->pm, "event");

	if (bank >= 0)
		dev_write(dom->pm, (unsigned)bank, 0, 2, status);
}

/* ---- accesses ---- */

/* A processor's own APIC is in front of all else. A tool sees that of the first. */
const struct platform_window *platform_find(const struct domain *dom, unsigned vcpu,
					    enum space space, uint64_t addr)
{
	const struct platform_window *own = NULL;

	if (space == SPACE_MEM)
		own = apic_window(dom, vcpu == DOMAIN_NO_VCPU ? 0 : vcpu, addr);
	if (own)
		return own;
	for (unsigned i = 0; i < dom->n_windows; i++) {
		const struct platform_window *w = &dom->windows[i];

		if (w->w.space == space && addr - w->w.base < w->w.len)
			return w;
	}
	return NULL;
}

uint64_t platform_read(const struct platform_window *w, uint64_t addr, unsigned size)
{
	return dev_read(w->dev, w->w.region, w->w.off + (uint32_t)(addr - w->w.base), size);
}

void platform_write(const struct platform_window *w, uint64_t addr, unsigned size, uint64_t val)
{
	dev_write(w->dev, w->w.region, w->w.off + (uint32_t)(addr - w->w.base), size, val);
}
