/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thunks: functions of the host, one per distinct opcode, prefix, operand shape
 * and immediate, that run a guest's instruction with its operands in registers
 * of our choice. What the instruction computes, with all flags, NaNs and
 * exceptions, is therefore what the host's unit computes.
 *
 * The guest's MXCSR is loaded as it is, with its masks: an unmasked exception
 * becomes SIGFPE, whose handler notes it and returns behind the instruction.
 * Running masked and judging by the flags afterwards would not do: underflow has
 * another meaning while it is masked, and an unmasked exception of the first
 * phase (#I, #D, #Z) keeps those of the second from being noted.
 *
 * Code is written through one mapping and run through another; neither is ever
 * both writable and executable.
 *
 * Spec: Intel SDM volume 2, chapter 2; volume 1, 11.5 (SIMD exceptions), 8.1.10 (x87 state).
 * Tests: tests/x86/vector.c, tests/x86/fpu.c, tests/x86/oracle.c
 */
#include "hypervisor/x86/host_thunk.h"
#include "hypervisor/x86/cpu.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#undef REG_RIP /* the system's is its place in gregs[] */
#include <signal.h>
#include <ucontext.h>

enum {
	SLOT = 160,
	/* Room for every key there can be: some 100 rows with an immediate byte, in 6 shapes. */
	SLOTS = 1 << 18,
	BUCKETS = 1 << 13,
	FIELD_GPR = 8, /* r8 + the operand's number is its general register */
};

struct thunk {
	uint64_t key;
	void (*run)(struct host_regs *h);
	struct thunk *next;
};

static struct {
	pthread_mutex_t lock;
	uint8_t *rw, *rx; /* the two mappings */
	void *bail;
	unsigned used;
	_Atomic(struct thunk *) bucket[BUCKETS];
	struct sigaction old_fpe, old_ill;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the signal of an exception inside a thunk ---- */

static void pass_on(int sig, siginfo_t *info, void *ctx)
{
	struct sigaction *old = sig == SIGFPE ? &pool.old_fpe : &pool.old_ill;

	if (old->sa_flags & SA_SIGINFO)
		old->sa_sigaction(sig, info, ctx);
	else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN)
		old->sa_handler(sig);
	else
		sigaction(sig, old, NULL); /* comes again, with its default effect */
}

static void on_fault(int sig, siginfo_t *info, void *ctx)
{
	greg_t *r = ((ucontext_t *)ctx)->uc_mcontext.gregs;
	struct _libc_fpstate *fp = ((ucontext_t *)ctx)->uc_mcontext.fpregs;
	struct host_regs *h = (struct host_regs *)r[REG_RDI];
	uintptr_t at = (uintptr_t)r[REG_RIP] - (uintptr_t)pool.rx;

	if (!pool.rx || at >= (uintptr_t)SLOT * SLOTS) {
		pass_on(sig, info, ctx);
		return;
	}
	h->fault = sig == SIGFPE ? EXC_XM : EXC_UD;
	h->mxcsr = fp->mxcsr;
	r[REG_RIP] = (greg_t)pool.bail;
}

static void catch_faults(void)
{
	struct sigaction sa = {.sa_sigaction = on_fault,
			       .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

	sigemptyset(&sa.sa_mask);
	sigaction(SIGFPE, &sa, &pool.old_fpe);
	sigaction(SIGILL, &sa, &pool.old_ill);
}

/* ---- emitting ---- */

struct code {
	uint8_t *p;
};

static void put(struct code *c, unsigned n, const char *bytes)
{
	memcpy(c->p, bytes, n);
	c->p += n;
}
#define PUT(c, bytes) put(c, sizeof(bytes) - 1, bytes)

static void put1(struct code *c, unsigned byte)
{
	*c->p++ = (uint8_t)byte;
}

/* ModRM of [rdi + offset], the host_regs being at rdi. */
static void put_field(struct code *c, unsigned reg, size_t offset)
{
	uint32_t disp = (uint32_t)offset;

	put1(c, 0x80 | (reg & 7) << 3 | 7);
	memcpy(c->p, &disp, 4);
	c->p += 4;
}
#define FIELD(name) offsetof(struct host_regs, name)

static void put_vector(struct code *c, bool vex, bool store, unsigned i)
{
	if (vex)
		PUT(c, "\xc5\xfe"); /* vmovdqu ymm */
	else
		PUT(c, "\xf3\x0f"); /* movdqu xmm */
	put1(c, store ? 0x7f : 0x6f);
	put_field(c, i, FIELD(v) + 32 * i);
}

static void put_mmx(struct code *c, bool store, unsigned i)
{
	PUT(c, "\x0f");
	put1(c, store ? 0x7f : 0x6f);
	put_field(c, i, FIELD(g) + 8 * i);
}

/* mov between r8 + i, or rax, rcx, rdx, and its field */
static void put_gpr(struct code *c, bool store, unsigned reg, size_t field)
{
	put1(c, reg >= FIELD_GPR ? 0x4c : 0x48);
	put1(c, store ? 0x89 : 0x8b);
	put_field(c, reg, field);
}

static void put_mxcsr(struct code *c, unsigned digit, size_t field)
{
	PUT(c, "\x0f\xae");
	put_field(c, digit, field);
}
#define LDMXCSR 2
#define STMXCSR 3

static void put_flags(struct code *c, bool store)
{
	if (store) {
		PUT(c, "\x9c\x8f"); /* pushfq; pop [flags] */
		put_field(c, 0, FIELD(flags));
	} else {
		PUT(c, "\xff"); /* push [flags]; popfq */
		put_field(c, 6, FIELD(flags));
		PUT(c, "\x9d");
	}
}

/* ---- an operand's place ---- */

static bool is_vector(unsigned kind)
{
	return kind == O_V || kind == O_U || kind == O_W || kind == O_H || kind == O_L;
}

static bool is_mmx(unsigned kind)
{
	return kind == O_P || kind == O_N || kind == O_Q;
}

static bool is_general(unsigned kind)
{
	return kind == O_G || kind == O_E || kind == O_R || kind == O_B;
}

static bool may_be_mem(unsigned kind)
{
	return kind == O_E || kind == O_M || kind == O_Q || kind == O_W;
}

static unsigned place_of(unsigned kind)
{
	switch (kind) {
	case O_G:
	case O_P:
	case O_V:
		return HV_REG;
	case O_B:
	case O_H:
		return HV_VVVV;
	case O_L:
		return HV_IS4;
	case O_XMM0:
		return HV_XMM0;
	default:
		return HV_RM;
	}
}

/* What else than its operands an instruction uses. */
static bool uses_xmm0(const struct opcode *op)
{
	return (op->map == MAP_0F38 || op->map == MAP_0F3A) && op->flags & (F_SSE | F_AVX);
}

static bool is_string_compare(const struct opcode *op)
{
	return op->map == MAP_0F3A && op->op >= 0x60 && op->op <= 0x63;
}

static bool uses_flags(const struct opcode *op)
{
	if (op->map == MAP_0F)
		return op->op == 0x2e || op->op == 0x2f; /* COMIS, UCOMIS */
	if (op->map == MAP_0F38)
		return op->op == 0x17 || op->op == 0x0e || op->op == 0x0f; /* PTEST, VTESTP */
	return is_string_compare(op);
}

/* Loads or stores one operand when it is in a register. */
static void put_operand(struct code *c, const struct insn *in, unsigned kind, bool store)
{
	unsigned i = place_of(kind);

	if (may_be_mem(kind) && in->mod != 3)
		return;
	if (is_vector(kind))
		put_vector(c, in->vex, store, i);
	else if (is_mmx(kind))
		put_mmx(c, store, i);
	else if (is_general(kind))
		put_gpr(c, store, FIELD_GPR + i, FIELD(g) + 8 * i);
}

static void put_implicit(struct code *c, const struct insn *in, bool store)
{
	if (uses_xmm0(in->op))
		put_vector(c, in->vex, store, HV_XMM0);
	if (is_string_compare(in->op)) {
		put_gpr(c, store, 0, FIELD(ax));
		put_gpr(c, store, 1, FIELD(cx));
		put_gpr(c, store, 2, FIELD(dx));
	}
	if (uses_flags(in->op))
		put_flags(c, store);
}

/* ---- the instruction, with our registers ---- */

struct shape { /* what goes into REX or VEX, ModRM and the immediate */
	unsigned reg, rm, vvvv, mod, imm;
	bool w, r, b, is4;
};

static bool has_gpr_size(const struct opcode *op)
{
	if (is_string_compare(op)) /* lengths in rAX and rDX */
		return true;
	for (unsigned i = 0; i < 4; i++) {
		if (op->o[i].size == S_y || op->o[i].kind == O_G || op->o[i].kind == O_R)
			return true;
	}
	return false;
}

static struct shape shape_of(const struct insn *in)
{
	struct shape s = {.imm = (unsigned)in->imm & 0xff, .mod = 3, .reg = in->modrm >> 3 & 7};

	/* Outside 64-bit mode W does not widen a general register. */
	s.w = in->rex & 8 && (in->mode == MODE_64 || !has_gpr_size(in->op));
	s.rm = in->modrm & 7;
	if (in->mod != 3) {
		s.mod = 0;
		s.rm = 7;
	}
	for (unsigned i = 0; i < 4; i++) {
		unsigned kind = in->op->o[i].kind, place = place_of(kind);

		if (!is_vector(kind) && !is_mmx(kind) && !is_general(kind))
			continue;
		if (place == HV_REG) {
			s.reg = HV_REG;
			s.r = is_general(kind);
		} else if (place == HV_VVVV) {
			s.vvvv = HV_VVVV + (is_general(kind) ? FIELD_GPR : 0);
		} else if (place == HV_IS4) {
			s.is4 = true;
			s.imm = HV_IS4 << 4 | (s.imm & 0xf);
		} else if (in->mod == 3) {
			s.rm = HV_RM;
			s.b = is_general(kind);
		}
	}
	return s;
}

static void put_vex(struct code *c, const struct insn *in, const struct shape *s)
{
	static const uint8_t pp[] = {[PFX_66] = 1, [PFX_F3] = 2, [PFX_F2] = 3};

	put1(c, 0xc4);
	put1(c, (s->r ? 0 : 0x80) | 0x40 | (s->b ? 0 : 0x20) | in->op->map);
	put1(c, (s->w ? 0x80 : 0) | (~s->vvvv & 0xf) << 3 | (in->vl ? 4 : 0) | pp[in->op->prefix]);
	put1(c, in->op->op);
}

static void put_legacy(struct code *c, const struct insn *in, const struct shape *s)
{
	if (in->p66)
		put1(c, 0x66);
	if (in->op->prefix == PFX_F3 || in->op->prefix == PFX_F2)
		put1(c, in->op->prefix == PFX_F3 ? 0xf3 : 0xf2);
	put1(c, 0x40 | (s->w ? 8 : 0) | (s->r ? 4 : 0) | (s->b ? 1 : 0));
	put1(c, 0x0f);
	if (in->op->map == MAP_0F38)
		put1(c, 0x38);
	else if (in->op->map == MAP_0F3A)
		put1(c, 0x3a);
	put1(c, in->op->op);
}

static void put_insn(struct code *c, const struct insn *in)
{
	struct shape s = shape_of(in);

	if (in->vex)
		put_vex(c, in, &s);
	else
		put_legacy(c, in, &s);
	put1(c, s.mod << 6 | s.reg << 3 | s.rm);
	if (in->imm_size || s.is4)
		put1(c, s.imm);
}

static void emit_vector(struct code *c, const struct insn *in)
{
	bool mxcsr = in->op->flags & (F_SSE | F_AVX);

	if (mxcsr) {
		put_mxcsr(c, STMXCSR, FIELD(host_mxcsr));
		put_mxcsr(c, LDMXCSR, FIELD(mxcsr));
	}
	for (unsigned i = 0; i < 4; i++)
		put_operand(c, in, in->op->o[i].kind, false);
	put_implicit(c, in, false);
	put_insn(c, in);
	put_implicit(c, in, true);
	put_operand(c, in, in->op->o[0].kind, true);
	if (mxcsr) {
		put_mxcsr(c, STMXCSR, FIELD(mxcsr));
		put_mxcsr(c, LDMXCSR, FIELD(host_mxcsr));
	}
	if (in->vex)
		PUT(c, "\xc5\xf8\x77"); /* vzeroupper */
	else if (in->op->flags & F_MMX)
		PUT(c, "\x0f\x77"); /* emms: the host's long double needs the stack */
	PUT(c, "\xc3");
}

/* ---- x87 ---- */

static void put_fx(struct code *c, unsigned digit) /* 0: fxsave64, 1: fxrstor64 */
{
	PUT(c, "\x48\x0f\xae");
	put_field(c, digit, FIELD(fx));
}

/* FCMOV, FCOMI and their kin meet the flags. */
static bool x87_uses_flags(const struct insn *in)
{
	unsigned op = in->op->op;

	return in->mod == 3 && (op == 0xda || op == 0xdb || op == 0xdf);
}

/*
 * The guest's control word is in force: an unmasked exception only sets FSW.ES, since nothing
 * that waits runs before FNINIT has put the host's unit right again.
 */
static void emit_x87(struct code *c, const struct insn *in)
{
	put_fx(c, 1);
	if (in) {
		bool flags = x87_uses_flags(in);

		if (flags)
			put_flags(c, false);
		put1(c, in->op->op);
		put1(c, in->mod == 3 ? in->modrm : (in->modrm & 0x38u) | 7u);
		if (flags)
			put_flags(c, true);
	}
	put_fx(c, 0);
	PUT(c, "\xdb\xe3\xc3"); /* fninit; ret */
}

/* ---- the pool ---- */

static void emit_bail(void)
{
	struct code c = {pool.rw};

	put_mxcsr(&c, LDMXCSR, FIELD(host_mxcsr));
	PUT(&c, "\x0f\x77\xc3"); /* emms; ret */
	pool.bail = pool.rx;
	pool.used = 1;
}

static bool pool_open(void)
{
	size_t size = (size_t)SLOT * SLOTS;
	int fd = memfd_create("thunks", MFD_CLOEXEC);
	void *rw = MAP_FAILED, *rx = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0) {
		rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		rx = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	}
	if (fd >= 0)
		close(fd);
	if (rw == MAP_FAILED || rx == MAP_FAILED) {
		if (rw != MAP_FAILED)
			munmap(rw, size);
		return false;
	}
	pool.rw = rw;
	pool.rx = rx;
	emit_bail();
	catch_faults();
	return true;
}

static uint64_t key_of(const struct insn *in)
{
	const struct opcode *op = in->op;
	uint64_t key = op->map | op->op << 4 | op->prefix << 12 | in->vex << 16 | in->p66 << 17;

	if (op->flags & F_FPU)
		return key | (uint64_t)(in->mod == 3 ? in->modrm : in->modrm & 0x38) << 20;
	key |= (in->mod == 3) << 18 | (in->vl & 1) << 19 | (in->rex & 8) << 17 /* bit 20 */;
	key |= (in->mode == MODE_64) << 21;
	if (op->digit >= 0)
		key |= (uint64_t)(in->modrm >> 3 & 7) << 24;
	if (op->o[3].kind == O_L)
		return key | (in->imm & 0xf) << 32;
	return in->imm_size ? key | (in->imm & 0xff) << 32 : key;
}

static unsigned hash(uint64_t key)
{
	return (unsigned)(key * 0x9e3779b97f4a7c15u >> 51) % BUCKETS;
}

static struct thunk *find(uint64_t key)
{
	struct thunk *t = atomic_load_explicit(&pool.bucket[hash(key)], memory_order_acquire);

	while (t && t->key != key)
		t = t->next;
	return t;
}

static struct thunk *make(uint64_t key, const struct insn *in)
{
	struct thunk *t = pool.used < SLOTS ? malloc(sizeof(*t)) : NULL;
	size_t at = (size_t)SLOT * pool.used;
	struct code c = {pool.rw + at};

	if (!t)
		return NULL;
	if (!in || in->op->flags & F_FPU)
		emit_x87(&c, in);
	else
		emit_vector(&c, in);
	pool.used++;
	*t = (struct thunk){.key = key, .next = pool.bucket[hash(key)]};
	*(void **)&t->run = pool.rx + at;
	atomic_store_explicit(&pool.bucket[hash(key)], t, memory_order_release);
	return t;
}

static const struct thunk *get(uint64_t key, const struct insn *in)
{
	struct thunk *t = find(key);

	if (t)
		return t;
	pthread_mutex_lock(&pool.lock);
	t = find(key);
	if (!t && (pool.rx || pool_open()))
		t = make(key, in);
	pthread_mutex_unlock(&pool.lock);
	return t;
}

bool host_thunk_ready(void)
{
	bool ready;

	pthread_mutex_lock(&pool.lock);
	ready = pool.rx || pool_open();
	pthread_mutex_unlock(&pool.lock);
	return ready;
}

const struct thunk *host_thunk_get(const struct insn *in)
{
	return get(key_of(in), in);
}

const struct thunk *host_thunk_x87_settle(void)
{
	return get(~0ull, NULL);
}

void host_thunk_run(const struct thunk *t, struct host_regs *h)
{
	h->fault = 0;
	t->run(h);
}
