/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processors that run while their device model is on the other side of a transport: what pause,
 * hold, reset and its death mean to one that is in the middle of an access.
 *
 * As in vcpus.c: ones at the reset vector are #UD, whose handler in RAM is at START.
 */
#include "hypervisor/vcpus.h"

#include "hypervisor/remote.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/engine.h"
#include "tests/hypervisor/rig.h"
#include "tests/x86/sys_rig.h"

#include <errno.h>

#define KINDS   2 /* embedded, remote: fake_xen.c's core has no processors */
#define START   0x7c00
#define COUNT   0x500 /* accesses that were done */
#define STARTED 0x502 /* how often the code began */
#define PORT    0x123

#define ON_BOTH(id) TEST_EACH(id, KINDS, rig_name(i))

struct pc {
	struct rig *r;
	struct vcpus *vs;
	struct cpu *cpu;
	uint8_t *ram;
	int rc;
};

static struct pc *of(struct rig *r)
{
	return r->test;
}

static void on_triple(void *arg, unsigned vcpu)
{
	struct pc *m = arg;

	EQ(0, vcpu);
	if (m->r->kind == RIG_REMOTE)
		remote_triple_fault(m->r->remote);
	else
		m->r->triples++;
}

static uint64_t read_port(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	(void)r;
	EQ(HV_IOREQ_PIO, type);
	EQ(PORT, addr);
	EQ(1, size);
	return 0x5a;
}

static void do_quiesce(struct rig *r, void *arg)
{
	OK(r->hv->ops->quiesce(r->hv, arg));
}

static void go(struct pc *m)
{
	rig_do(m->r, do_quiesce, NULL);
}

static void stop(struct pc *m)
{
	rig_do(m->r, do_quiesce, m);
}

static void pc_open(struct pc *m, size_t kind, const uint8_t *code, const uint8_t *end)
{
	struct vcpus_config c = {.ops = engine_find("soft"),
				 .engine = ENGINE_CONFIG("max"),
				 .triple_fault = on_triple,
				 .arg = m};
	struct err e = {""};
	size_t len = 1 << 20;

	m->r = rig_start(kind, 1);
	m->r->test = m;
	m->r->read = read_port;
	rig_ports(m->r, PORT, PORT);
	stop(m);
	domain_lock(m->r->dom);
	m->ram = domain_ram(m->r->dom, 0, &len, true);
	domain_unlock(m->r->dom);
	store_le(m->ram + 4 * EXC_UD, 4, START);
	memcpy(m->ram + START, code, (size_t)(end - code));
	m->vs = vcpus_new(m->r->dom, &c, &e);
	NOTE("%s", e.msg);
	MUST(m->vs);
	OK(vcpus_start(m->vs, &e));
	m->cpu = vcpus_engine(m->vs)->ops->cpu(vcpus_engine(m->vs), 0);
}
#define OPEN(m, kind, code) pc_open(m, kind, code##_start, code##_end)

static void pc_close(struct pc *m)
{
	vcpus_free(m->vs);
	rig_stop(m->r);
}

static uint16_t word(const struct pc *m, unsigned at)
{
	return __atomic_load_n((const uint16_t *)(const void *)(m->ram + at), __ATOMIC_ACQUIRE);
}

static bool counts(struct rig *r)
{
	return word(of(r), COUNT);
}

static bool moves(struct pc *m)
{
	__atomic_store_n((uint16_t *)(void *)(m->ram + COUNT), 0, __ATOMIC_RELEASE);
	return rig_wait(m->r, counts);
}

static bool stands(struct pc *m)
{
	uint64_t n = m->cpu->insn_count;
	uint16_t was = word(m, COUNT);

	for (unsigned i = 0; i < 20; i++)
		sched_yield();
	return n == m->cpu->insn_count && was == word(m, COUNT);
}

/* An access, a mark when it is over, and again. */
PAYLOAD(asking, 16,
	"inc word ptr [0x502]; mov dx, 0x123;"
	"again: in al, dx; cmp al, 0x5a; jne again; inc word ptr [0x500]; jmp again");

ON_BOTH(a_quiesce_waits_for_the_instruction)
{
	struct pc m;

	OPEN(&m, i, asking);
	for (unsigned n = 0; n < 100; n++) {
		go(&m);
		MUST(moves(&m));
		stop(&m);
		MUST(stands(&m));
		EQ(0, domain_asking(m.r->dom));
	}
	EQ(1, word(&m, STARTED));
	pc_close(&m);
}

static void do_stats(struct rig *r, void *arg)
{
	struct engine_stats *s = arg;

	OK(r->hv->ops->stats(r->hv, ENGINE_ALL, &s[0]));
	OK(r->hv->ops->stats(r->hv, 0, &s[1]));
	EQ(-EINVAL, r->hv->ops->stats(r->hv, 1, &s[2]));
}

ON_BOTH(the_engine_s_counters)
{
	struct engine_stats s[3];
	uint64_t all[ENGINE_STATS_N], one[ENGINE_STATS_N];
	struct pc m;

	OPEN(&m, i, asking);
	go(&m);
	MUST(moves(&m));
	stop(&m);
	m.cpu->stats.exits_fault = 0x123456789abc;
	rig_do(m.r, do_stats, s);
	CHECK(s[0].instructions > 4);
	EQ(m.cpu->insn_count, s[0].instructions);
	EQ(0x123456789abc, s[0].exits_fault);
	memcpy(all, &s[0], sizeof(all));
	memcpy(one, &s[1], sizeof(one));
	for (unsigned n = 0; n < ENGINE_STATS_N; n++)
		EQ(stats_rows[n].of == STATS_OF_VCPU ? all[n] : 0, one[n]);
	pc_close(&m);
}

static void do_no_stats(struct rig *r, void *arg)
{
	*(int *)arg = r->hv->ops->stats(r->hv, ENGINE_ALL, &(struct engine_stats){0});
}

ON_BOTH(no_counters_where_nothing_runs)
{
	struct rig *r = rig_start(i, 1);
	int rc = 0;

	rig_do(r, do_no_stats, &rc);
	EQ(-ENOTSUP, rc);
	rig_stop(r);
}

/* The device asks for it while the processor waits for its answer. */
static uint64_t read_and_stop(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	if (counts(r))
		OK(r->hv->ops->quiesce(r->hv, true));
	return read_port(r, type, addr, size);
}

static bool asks(struct rig *r)
{
	return r->dom->paused && !domain_asking(r->dom);
}

TEST(a_quiesce_within_a_request_returns)
{
	struct pc m;

	OPEN(&m, RIG_REMOTE, asking);
	m.r->read = read_and_stop;
	go(&m);
	CHECK(rig_wait(m.r, asks));
	stop(&m);
	CHECK(stands(&m));
	EQ(1, word(&m, COUNT)); /* the second access came to its end, its mark did not */
	EQ(0x5a, m.cpu->r[R_AX] & 0xff);
	m.r->read = read_port;
	go(&m);
	CHECK(moves(&m));
	pc_close(&m);
}

static uint64_t read_and_hold(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	if (word(of(r), COUNT) == 3)
		OK(r->hv->ops->hold(r->hv));
	return read_port(r, type, addr, size);
}

static bool held(struct rig *r)
{
	return word(of(r), COUNT) == 3 && stands(of(r));
}

ON_BOTH(a_hold_stops_it_behind_the_access)
{
	struct pc m;

	OPEN(&m, i, asking);
	m.r->read = read_and_hold;
	go(&m);
	CHECK(rig_wait(m.r, held));
	m.r->read = read_port;
	go(&m);
	CHECK(moves(&m));
	pc_close(&m);
}

static void do_reset(struct rig *r, void *arg)
{
	if (arg)
		OK(r->hv->ops->quiesce(r->hv, true));
	OK(r->hv->ops->reset(r->hv, arg ? HV_RESET_MACHINE : HV_RESET_CPU));
	if (arg)
		OK(r->hv->ops->quiesce(r->hv, false));
}

ON_BOTH(a_reset_in_the_middle_of_accesses)
{
	struct pc m;

	OPEN(&m, i, asking);
	go(&m);
	for (unsigned n = 0; n < 100; n++) {
		MUST(moves(&m));
		rig_do(m.r, do_reset, n % 2 ? &m : NULL);
		MUST(moves(&m));
		EQ(n + 2, word(&m, STARTED));
	}
	pc_close(&m);
}

/* The table at 0x510 has room for no vector. The device model is told once. */
PAYLOAD(faulting, 16, "inc word ptr [0x502]; lidt [0x510]; ud2");

static bool tripled(struct rig *r)
{
	return __atomic_load_n(&r->triples, __ATOMIC_ACQUIRE);
}

ON_BOTH(a_triple_fault_is_told)
{
	struct pc m;

	OPEN(&m, i, faulting);
	go(&m);
	CHECK(rig_wait(m.r, tripled));
	stop(&m);
	EQ(1, m.r->triples);
	EQ(1, word(&m, STARTED));
	rig_do(m.r, do_reset, &m);
	while (m.r->triples < 2)
		sched_yield();
	EQ(2, word(&m, STARTED));
	pc_close(&m);
}

/* ---- the start of a kernel ---- */

PAYLOAD(flat, 32,
	"mov [0x504], eax; mov [0x508], ebx; mov [0x50c], esi;"
	"w: inc word ptr [0x500]; jmp w");

static void do_entry(struct rig *r, void *arg)
{
	OK(r->hv->ops->entry(r->hv, arg));
}

ON_BOTH(an_entry_is_where_it_starts)
{
	static struct hv_entry entry = {.eip = START,
					.eax = 0x11112222,
					.ebx = 0xfffffffe,
					.esi = 0x80000001,
					.cs = 8,
					.ds = 0x10,
					.gdt_base = 0x600,
					.gdt_limit = 23};
	struct pc m;

	OPEN(&m, i, flat);
	store_le(m.ram + 0x608, 8, 0x00cf9b000000ffff);
	store_le(m.ram + 0x610, 8, 0x00cf93000000ffff);
	rig_do(m.r, do_entry, &entry);
	go(&m);
	CHECK(moves(&m));
	EQ(0x11112222, load_le(m.ram + 0x504, 4));
	EQ(0xfffffffe, load_le(m.ram + 0x508, 4));
	EQ(0x80000001, load_le(m.ram + 0x50c, 4));
	pc_close(&m);
}

/* ---- death ---- */

static uint64_t read_and_die(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size)
{
	(void)type, (void)addr, (void)size;
	page_peer_gone(rig_peer(r)); /* as a hang-up found by the core's loop */
	return 0;
}

static bool parked(struct rig *r)
{
	return rig_peer(r)->gone && !domain_asking(r->dom);
}

/* The instruction that nobody answered is undone and done again. */
TEST(the_next_device_model_answers_instead)
{
	struct pc m;

	OPEN(&m, RIG_REMOTE, asking);
	m.r->read = read_and_die;
	go(&m);
	CHECK(rig_wait(m.r, parked));
	domain_lock(m.r->dom);
	domain_pause(m.r->dom);
	domain_unlock(m.r->dom);
	EQ(0, word(&m, COUNT));
	rig_dm_close(m.r);
	m.r->read = read_port;
	rig_dm_open(m.r);
	rig_ports(m.r, PORT, PORT);
	go(&m);
	CHECK(moves(&m));
	EQ(1, word(&m, STARTED));
	pc_close(&m);
}
