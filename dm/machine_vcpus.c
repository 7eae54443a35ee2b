/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_vcpus.c: -accel, -cpu, -clock: the vCPUs of the embedded core and what runs them. */
#include "dm/machine_parts.h"

#include "dm/boot.h"
#include "hypervisor/domain.h"
#include "hypervisor/vcpus.h"
#include "hypervisor/x86/engine.h"

#include <errno.h>

/* Nobody: qtest, or no core in this process. */
static const struct engine_ops *engine_of(const struct machine_config *c)
{
	if (c->core || !strcmp(c->machine, "none"))
		return NULL;
	return engine_find(c->accel ? c->accel : "soft");
}

int machine_vcpus_check(const struct machine_config *c, struct err *e)
{
	if (c->core || engine_of(c) || (c->accel && !strcmp(c->accel, "qtest")) ||
	    (!c->accel && !strcmp(c->machine, "none")))
		return 0;
	return err_set(e, -ENOTSUP,
		       "-accel %s: there is no such engine in this program; say -accel soft, or "
		       "kvm:soft for whichever there is",
		       c->accel);
}

enum clock_mode machine_clock_mode(const struct machine_config *c)
{
	if (c->core)
		return CLOCK_FOLLOWER;
	return engine_of(c) && !c->icount ? CLOCK_HOST : CLOCK_MANUAL;
}

static void triple_fault(void *arg, unsigned vcpu)
{
	(void)vcpu;
	machine_want_reset(arg, true, "guest-reset");
}

static void met_break(void *arg, unsigned vcpu)
{
	struct machine *m = arg;

	m->want.debug = true;
	m->want.debug_vcpu = vcpu;
	machine_vcpus_hold(m);
	loop_defer(m->loop, &m->want.defer);
}

/* Where a kernel that was put into RAM starts. */
static int set_entry(struct machine *m, struct err *e)
{
	const struct boot_entry *b = machine_kernel_entry(m);
	struct hv_entry entry;
	int rc;

	if (!b || b->mode == BOOT_FIRMWARE || !m->hv->ops->entry)
		return 0;
	entry = (struct hv_entry){.eip = b->eip,
				  .eax = b->eax,
				  .ebx = b->ebx,
				  .esi = b->esi,
				  .cs = b->cs,
				  .ds = b->ds,
				  .gdt_base = b->gdt_base,
				  .gdt_limit = b->gdt_limit};
	machine_lock(m);
	rc = m->hv->ops->entry(m->hv, &entry);
	machine_unlock(m);
	return rc ? err_errno(e, rc, "the core does not take the kernel's start") : 0;
}

int machine_vcpus_open(struct machine *m, struct err *e)
{
	const struct machine_config *c = m->cfg;
	struct vcpus_config v = {.ops = engine_of(c),
				 .engine = c->engine,
				 .icount = c->icount,
				 .icount_shift = c->icount_shift,
				 .triple_fault = triple_fault,
				 .stopped = met_break,
				 .arg = m};

	v.engine.model = c->cpu ? c->cpu : "max";
	if (v.ops)
		m->vcpus = vcpus_new(m->dom, &v, e);
	if (v.ops && !m->vcpus)
		return -EINVAL;
	return set_entry(m, e);
}

int machine_vcpus_start(struct machine *m, struct err *e)
{
	return m->vcpus ? vcpus_start(m->vcpus, e) : 0;
}

void machine_vcpus_close(struct machine *m)
{
	vcpus_free(m->vcpus);
	m->vcpus = NULL;
}

void machine_vcpus_hold(struct machine *m)
{
	if (m->hv && m->hv->ops->hold)
		m->hv->ops->hold(m->hv);
}
