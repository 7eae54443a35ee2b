/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads of the vCPUs on the interpreter, on a clock that only the test or they move.
 *
 * There is no ROM: ones at the reset vector are an illegal instruction, whose #UD goes through the
 * table in RAM to START.
 */
#include "hypervisor/vcpus.h"

#include "base/err.h"
#include "hypervisor/domain.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/engine.h"
#include "tests/x86/sys_rig.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#define START 0x7c00
#define DATA  0x500
#define RAM   (8u << 20)

struct box {
	struct domain *dom;
	struct clock *clock;
	struct vcpus *vs;
	struct cpu *c[2];
	uint8_t *ram;
	unsigned triples, last_triple;
	bool unlocked;
	uint64_t executed;
	int64_t ended;
};

/* ---- the rig ---- */

static void lock(struct box *b)
{
	domain_lock(b->dom);
}

static void unlock(struct box *b)
{
	domain_unlock(b->dom);
}

static void on_triple(void *arg, unsigned vcpu)
{
	struct box *b = arg;
	struct engine *en = vcpus_engine(b->vs);

	b->unlocked |= !domain_locked(b->dom);
	b->executed = en->ops->executed(en, vcpu);
	b->ended = clock_now(b->clock);
	b->last_triple = vcpu;
	__atomic_add_fetch(&b->triples, 1, __ATOMIC_RELEASE);
}

static void box_open_on(struct box *b, unsigned n, bool icount, enum clock_mode mode)
{
	struct vcpus_config v = {.ops = engine_find("soft"),
				 .engine = ENGINE_CONFIG("max"),
				 .icount = icount,
				 .icount_shift = icount ? 3 : 0,
				 .triple_fault = on_triple,
				 .arg = b};
	struct domain_config config = {.ram = RAM, .vcpus = n};
	struct err e = {""};
	size_t len = RAM;

	memset(b, 0, sizeof(*b));
	config.clock = b->clock = clock_new(mode);
	b->dom = domain_new(&config, &e);
	MUST(b->dom);
	lock(b);
	domain_pause(b->dom);
	b->ram = domain_ram(b->dom, 0, &len, true);
	unlock(b);
	store_le(b->ram + 4 * EXC_UD, 4, START);
	b->vs = vcpus_new(b->dom, &v, &e);
	NOTE("%s", e.msg);
	MUST(b->vs);
	OK(vcpus_start(b->vs, &e));
	for (unsigned i = 0; i < n; i++)
		b->c[i] = vcpus_engine(b->vs)->ops->cpu(vcpus_engine(b->vs), i);
}

static void box_open(struct box *b, unsigned n, bool icount)
{
	box_open_on(b, n, icount, CLOCK_MANUAL);
}

static void box_free(struct box *b)
{
	vcpus_free(b->vs);
	domain_free(b->dom);
	clock_free(b->clock);
	CHECK(!b->unlocked);
}

static void put(struct box *b, uint32_t at, const uint8_t *start, const uint8_t *end)
{
	memcpy(b->ram + at, start, (size_t)(end - start));
}
#define PUT(b, at, name) put(b, at, name##_start, name##_end)

static void go(struct box *b)
{
	lock(b);
	domain_resume(b->dom);
	unlock(b);
}

static void pause_all(struct box *b)
{
	lock(b);
	domain_pause(b->dom);
	unlock(b);
}

/* As a device of the machine would ask for it, paused or not. */
static void reset(struct box *b)
{
	lock(b);
	domain_reset(b->dom, HV_RESET_MACHINE);
	unlock(b);
}

static uint16_t word(const struct box *b, unsigned at)
{
	return __atomic_load_n((const uint16_t *)(const void *)(b->ram + at), __ATOMIC_ACQUIRE);
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	MUST(!clock_gettime(clock, &t));
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Until the word is that; false: not within 10 s. */
static bool becomes(const struct box *b, unsigned at, uint16_t want)
{
	double end = seconds(CLOCK_MONOTONIC) + 10;

	while (word(b, at) != want && seconds(CLOCK_MONOTONIC) < end)
		sched_yield();
	return word(b, at) == want;
}

static bool moves(const struct box *b, unsigned at)
{
	uint16_t was = word(b, at);
	double end = seconds(CLOCK_MONOTONIC) + 10;

	while (word(b, at) == was && seconds(CLOCK_MONOTONIC) < end)
		sched_yield();
	return word(b, at) != was;
}

static bool tripled(const struct box *b, unsigned n)
{
	double end = seconds(CLOCK_MONOTONIC) + 10;

	while (__atomic_load_n(&b->triples, __ATOMIC_ACQUIRE) < n && seconds(CLOCK_MONOTONIC) < end)
		sched_yield();
	return b->triples == n;
}

/* ---- what the kernel says of a thread ---- */

static long thread_of(const char *name)
{
	DIR *d = opendir("/proc/self/task");
	char path[300], comm[32];
	struct dirent *de;
	long tid = 0;
	FILE *f;

	MUST(d);
	while (!tid && (de = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", de->d_name);
		f = *de->d_name == '.' ? NULL : fopen(path, "r");
		if (f && fgets(comm, sizeof(comm), f) && !strcspn(comm, "\n"))
			comm[0] = 0;
		if (f && !strncmp(comm, name, strlen(name)))
			tid = strtol(de->d_name, NULL, 10);
		if (f)
			fclose(f);
	}
	closedir(d);
	MUST(tid);
	return tid;
}

/* A line of its status. */
static void status(long tid, const char *key, char *val, size_t len)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/status", tid);
	f = fopen(path, "r");
	MUST(f);
	*val = 0;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
			snprintf(val, len, "%s", line + strlen(key) + 2);
	fclose(f);
	MUST(*val);
}

static bool sleeps(long tid)
{
	double end = seconds(CLOCK_MONOTONIC) + 10;
	char state[64];

	do {
		status(tid, "State", state, sizeof(state));
	} while (*state != 'S' && seconds(CLOCK_MONOTONIC) < end);
	return *state == 'S';
}

static double cpu_time(long tid)
{
	return seconds(
		(clockid_t)(~(unsigned)tid << 3 | 6)); /* as pthread_getcpuclockid makes it */
}

/* ---- run and stand still ---- */

PAYLOAD(counting, 16, "again: inc word ptr [0x500]; jmp again");

TEST(a_pause_returns_when_nobody_runs)
{
	struct box b;

	box_open(&b, 1, false);
	PUT(&b, START, counting);
	EQ(0, word(&b, DATA));
	for (unsigned i = 0; i < 200; i++) {
		uint16_t was;
		uint64_t n;

		go(&b);
		MUST(moves(&b, DATA));
		pause_all(&b);
		was = word(&b, DATA);
		n = b.c[0]->insn_count;
		for (unsigned j = 0; j < 20; j++)
			sched_yield();
		MUST(word(&b, DATA) == was && b.c[0]->insn_count == n);
	}
	box_free(&b);
}

TEST(a_hold_lasts_until_resumed)
{
	struct box b;
	uint16_t was;
	long tid;

	box_open(&b, 1, false);
	PUT(&b, START, counting);
	go(&b);
	CHECK(moves(&b, DATA));
	tid = thread_of("vcpu0");
	lock(&b);
	domain_hold(b.dom);
	unlock(&b);
	CHECK(sleeps(tid));
	was = word(&b, DATA);
	sched_yield();
	EQ(was, word(&b, DATA));
	go(&b);
	CHECK(moves(&b, DATA));
	box_free(&b);
}

PAYLOAD(stepped, 16, "inc ax; inc bx; inc ax; s: jmp s");

TEST(a_step_is_one_instruction)
{
	static const unsigned rips[] = {START, START + 1, START + 2, START + 3, START + 3};
	struct box b;

	box_open(&b, 2, false);
	PUT(&b, START, stepped);
	for (unsigned i = 0; i < 5; i++) {
		lock(&b);
		vcpus_step(b.vs, 0);
		vcpus_step(b.vs, 1); /* waits for its start: nothing to step */
		unlock(&b);
		EQ(i + 1, b.c[0]->insn_count);
		EQ(rips[i], b.c[0]->rip);
	}
	EQ(2, b.c[0]->r[R_AX]);
	EQ(1, b.c[0]->r[R_BX]);
	EQ(0, b.c[1]->insn_count);
	go(&b); /* a step takes nothing away from what follows */
	pause_all(&b);
	EQ(START + 3, b.c[0]->rip);
	CHECK(b.c[0]->insn_count >= 5);
	box_free(&b);
}

/* ---- halted ---- */

PAYLOAD(halting, 16,
	"mov al, 0x11; out 0x20, al; mov al, 8; out 0x21, al; mov al, 4; out 0x21, al;"
	"mov al, 1; out 0x21, al; mov al, 0xdf; out 0x21, al;" /* all but IRQ 5 */
	"mov sp, 0x1000; mov word ptr [0x34], 0x7d00; mov word ptr [0x36], 0; sti;"
	"h: inc word ptr [0x500]; hlt; jmp h");
PAYLOAD(on_irq5, 16, "inc word ptr [0x502]; mov al, 0x20; out 0x20, al; iret");

static void set_irq5(struct box *b, bool level)
{
	lock(b);
	domain_set_pin(b->dom, 5, level);
	unlock(b);
}

TEST(a_halted_one_is_not_woken_but_by_an_interrupt)
{
	const struct timespec a_while = {.tv_nsec = 30 * 1000 * 1000};
	char before[64], after[64];
	struct box b;
	double cpu;
	long tid;

	box_open(&b, 1, false);
	PUT(&b, START, halting);
	PUT(&b, 0x7d00, on_irq5);
	go(&b);
	CHECK(becomes(&b, DATA, 1));
	tid = thread_of("vcpu0");
	CHECK(sleeps(tid));
	/* It may have been met on its way to the wait. */
	nanosleep(&a_while, NULL);
	status(tid, "voluntary_ctxt_switches", before, sizeof(before));
	cpu = cpu_time(tid);
	nanosleep(&a_while, NULL);
	status(tid, "voluntary_ctxt_switches", after, sizeof(after));
	EQS(before, after);
	CHECK(cpu_time(tid) == cpu);
	for (uint16_t i = 1; i <= 3; i++) {
		set_irq5(&b, true);
		CHECK(becomes(&b, DATA + 2, i));
		CHECK(becomes(&b, DATA, (uint16_t)(i + 1)));
		set_irq5(&b, false);
	}
	box_free(&b);
}

static void due(void *arg)
{
	struct box *b = arg;

	domain_set_pin(b->dom, 5, true);
}

static void arm(struct box *b, struct timer *t, int64_t in)
{
	lock(b);
	domain_set_pin(b->dom, 5, false);
	timer_arm(b->clock, t, clock_now(b->clock) + in);
	unlock(b);
}

/* There is no loop here. The second one has not been started. */
TEST(the_last_to_halt_runs_the_timers)
{
	struct box b;
	struct timer t = {.fn = due, .arg = &b};

	box_open_on(&b, 2, false, CLOCK_HOST);
	PUT(&b, START, halting);
	PUT(&b, 0x7d00, on_irq5);
	go(&b);
	lock(&b);
	clock_start(b.clock);
	unlock(&b);
	for (uint16_t i = 1; i <= 9; i++) {
		CHECK(becomes(&b, DATA, i));
		CHECK(sleeps(thread_of("vcpu0")));
		if (i & 1) /* then it is to come earlier */
			arm(&b, &t, NS_PER_SEC * 3600);
		arm(&b, &t, NS_PER_MS * (i & 3));
		CHECK(becomes(&b, DATA + 2, i));
	}
	box_free(&b);
}

/* ---- triple fault, reset, start of the second ---- */

PAYLOAD(falling, 16,
	"inc word ptr [0x500]; pop word ptr [0x504]; pop word ptr [0x506];"
	"lidt [0x7d00]; ud2; f: jmp f"); /* what #UD pushed: the vector */

TEST(a_triple_fault_is_told_and_a_reset_starts_at_the_vector)
{
	struct box b;

	box_open(&b, 1, false);
	PUT(&b, START, falling);
	go(&b);
	for (uint16_t i = 1; i <= 3; i++) {
		CHECK(tripled(&b, i));
		EQ(i, word(&b, DATA));
		EQ(0xfff0, word(&b, DATA + 4));
		EQ(0xf000, word(&b, DATA + 6));
		store_le(b.ram + DATA + 4, 4, 0);
		CHECK(sleeps(thread_of("vcpu0")));
		reset(&b);
	}
	pause_all(&b);
	reset(&b);
	EQ(0xfff0, b.c[0]->rip); /* stays paused */
	EQ(0xffff0000, b.c[0]->seg[SEG_CS].base);
	box_free(&b);
}

PAYLOAD(starter, 32,
	"mov edi, 0xfee00000; mov dword ptr [edi + 0xf0], 0x1ff;"
	"mov dword ptr [edi + 0x310], 0x01000000; mov dword ptr [edi + 0x300], 0x4500;"
	"mov dword ptr [edi + 0x300], 0x4609; w: cmp word ptr [0x500], 0; je w;"
	"mov word ptr [0x502], 1; hlt");
PAYLOAD(started, 16, "mov ax, cs; mov word ptr ds:[0x500], ax; cli; hlt");

TEST(the_second_starts_by_init_and_sipi_after_each_reset)
{
	const struct hv_entry entry = {.eip = START, .cs = 8, .ds = 0x10};
	struct box b;

	box_open(&b, 2, false);
	PUT(&b, START, starter);
	PUT(&b, 0x9000, started);
	lock(&b);
	domain_entry(b.dom, &entry);
	unlock(&b);
	EQ(START, b.c[0]->rip);
	go(&b);
	for (unsigned i = 0; i < 2; i++) {
		CHECK(becomes(&b, DATA + 2, 1));
		EQ(0x900, word(&b, DATA));
		pause_all(&b);
		EQ(0x9000, b.c[1]->seg[SEG_CS].base);
		store_le(b.ram + DATA, 4, 0);
		reset(&b); /* to the entry again */
		EQ(START, b.c[0]->rip);
		CHECK(b.c[1]->wait_sipi);
		go(&b);
	}
	box_free(&b);
}

/* ---- time counted in instructions ---- */

/* 2000 readings of TSC and of the 8254, mixed, while its interrupt counts; then the end. */
PAYLOAD(measuring, 16,
	"mov al, 0x11; out 0x20, al; mov al, 8; out 0x21, al; mov al, 4; out 0x21, al;"
	"mov al, 1; out 0x21, al; mov al, 0xfe; out 0x21, al;"
	"mov word ptr [0x20], 0x7d00; mov word ptr [0x22], 0; mov sp, 0x1000;"
	"mov al, 0x34; out 0x43, al; mov al, 100; out 0x40, al; mov al, 0; out 0x40, al; sti;"
	"xor ebx, ebx; mov cx, 2000;"
	"m: rdtsc; rol ebx, 5; xor ebx, eax; xor al, al; out 0x43, al;"
	"in al, 0x40; mov ah, al; in al, 0x40; add bx, ax; loop m;"
	"hlt; mov dword ptr [0x504], ebx; cli; lidt [0x7e00]; ud2");
PAYLOAD(on_tick, 16, "inc word ptr [0x502]; push ax; mov al, 0x20; out 0x20, al; pop ax; iret");

static void measure(struct box *b)
{
	box_open(b, 1, true);
	PUT(b, START, measuring);
	PUT(b, 0x7d00, on_tick);
	go(b);
	CHECK(tripled(b, 1));
	pause_all(b);
}

TEST(icount_two_runs_are_the_same)
{
	struct box a, b;

	measure(&a);
	measure(&b);
	EQ(a.executed, b.executed);
	EQ(a.ended, b.ended);
	EQM(a.ram + DATA, b.ram + DATA, 16);
	CHECK(a.executed > 20000);
	CHECK(a.ended >= (int64_t)a.executed * 8 - 10000 * 8); /* of its last turn: not yet */
	CHECK(word(&a, DATA + 2) > 1);
	box_free(&a);
	box_free(&b);
}

struct alarm {
	struct timer timer;
	struct box *b;
	int64_t at;
};

static void ring(void *arg)
{
	struct alarm *al = arg;

	al->at = clock_now(al->b->clock);
	domain_set_pin(al->b->dom, 5, true);
}

TEST(icount_an_hour_of_hlt_is_over_at_once)
{
	const int64_t hour = 3600ll * 1000 * 1000 * 1000;
	struct alarm al = {.timer = {.fn = ring, .arg = &al, .deadline = -1}};
	double began;
	struct box b;

	box_open(&b, 1, true);
	al.b = &b;
	PUT(&b, START, halting);
	PUT(&b, 0x7d00, on_irq5);
	lock(&b);
	timer_arm(b.clock, &al.timer, hour);
	began = seconds(CLOCK_MONOTONIC);
	domain_resume(b.dom);
	unlock(&b);
	CHECK(becomes(&b, DATA + 2, 1));
	CHECK(becomes(&b, DATA, 2));
	CHECK(seconds(CLOCK_MONOTONIC) - began < 5);
	EQ(hour, al.at);
	/* All are halted and time flies: who wants the lock gets it. */
	for (unsigned i = 0; i < 20; i++) {
		began = seconds(CLOCK_MONOTONIC);
		lock(&b);
		unlock(&b);
		CHECK(seconds(CLOCK_MONOTONIC) - began < 1);
	}
	box_free(&b);
}

PAYLOAD(ended, 16, "inc word ptr [0x500]; cli; hlt");

struct ticker {
	struct box *b;
	struct timer timer;
	unsigned ticks;
};

static void tick(void *arg)
{
	struct ticker *t = arg;

	t->ticks++;
	timer_arm(t->b->clock, &t->timer, clock_now(t->b->clock) + NS_PER_MS);
}

TEST(icount_does_not_race_when_nothing_can_wake)
{
	const struct timespec a_while = {.tv_nsec = 30 * 1000 * 1000};
	struct ticker t = {.timer = {.fn = tick, .arg = &t}};
	struct box b;
	double began, passed;

	box_open(&b, 1, true);
	PUT(&b, START, ended);
	t.b = &b;
	timer_arm(b.clock, &t.timer, NS_PER_MS);
	began = seconds(CLOCK_MONOTONIC);
	go(&b);
	CHECK(becomes(&b, DATA, 1));
	nanosleep(&a_while, NULL);
	pause_all(&b);
	passed = seconds(CLOCK_MONOTONIC) - began;
	CHECK(t.ticks > 0); /* time goes on */
	CHECK(t.ticks <= passed * 1e3 + 1);
	lock(&b);
	timer_disarm(b.clock, &t.timer);
	unlock(&b);
	box_free(&b);
}
