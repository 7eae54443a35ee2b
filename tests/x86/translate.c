/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The translator's own: what the guest does not see but for how it ends. */
#include "hypervisor/x86/translate/cache.h"
#include "hypervisor/x86/translate/tr.h"
#include "tests/x86/box.h"

#undef REG_RIP /* the system's is its place in gregs[] */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

/* As other vCPUs may while this one waits for a device: all regions are used anew. */
static void evict(struct machine *m)
{
	struct tr *tr = tr_cpu(m->c)->tr;

	if (!tr)
		return;
	pthread_mutex_lock(&tr->lock);
	for (unsigned i = 0; i < TR_REGIONS; i++) {
		const uint32_t code = tr->regions[i].used, meta = tr->regions[i].meta_used;
		const uint32_t away = tr->regions[i].away_used;

		while (tr->region != i || tr->regions[i].used)
			cache_next_region(tr);
		memset(tr->regions[i].code, 0xcc, code);
		memset(tr->regions[i].away, 0xcc, away);
		memset(tr->regions[i].meta, 0, meta);
	}
	pthread_mutex_unlock(&tr->lock);
}

PAYLOAD(slow, 32,
	"mov esi, 0x2000000; mov byte ptr [esi], 7; mov ebx, 5;"
	"movzx ecx, byte ptr [esi]; add edx, ecx; xadd [esi], ebx; hlt");

TIER_TEST(room_is_made_while_an_instruction_is_interpreted)
{
	struct sys_rig r = sys_rig("max");

	go_prot(&r, 0);
	r.m->mmio_poke = evict;
	r.c->r[R_DX] = 1;
	LOADED(&r, slow);
	EQ(-1, payload_go(&r).vector);
	EQ(7, r.c->r[R_CX]);
	EQ(8, r.c->r[R_DX]);
	EQ(7, r.c->r[R_BX]);
	EQ(12, r.m->mmio[0]);
	sys_rig_free(&r);
}

PAYLOAD(last_x87, 32,
	"fninit; fld1; mov esi, 0x2000000; mov byte ptr [esi], 7; fnstenv [esp - 64];"
	"mov eax, [esp - 52]; hlt");

/* Which that was the code said that is gone. */
TIER_TEST(room_is_made_behind_an_x87_instruction)
{
	struct sys_rig r = sys_rig("max");
	uint32_t start;

	go_prot(&r, 0);
	r.c->cr0 |= CR0_NE;
	r.m->mmio_poke = evict;
	LOADED(&r, last_x87);
	start = (uint32_t)r.c->rip;
	EQ(-1, payload_go(&r).vector);
	EQ(start + 2, r.c->r[R_AX]);
	sys_rig_free(&r);
}

/* ---- jumps that are patched ---- */

/* Comparisons of many lengths, none of which ends as a NOP does. */
PAYLOAD(compares, 64,
	"cmp eax, ecx; je 9f; cmp rax, rcx; je 9f; cmp eax, 0x12345; je 9f; test bl, bl; jne 9f;"
	"cmp rcx, 0x12; je 9f; jmp 1f; 1: cmp byte ptr [rsi], 7; je 9f; cmp [rsi + rdi * 2], rax;"
	"je 9f; cmp r15, rax; jne 9f; cmp dword ptr [rsi + 4], 0x1234567; je 9f; test r15d, 3;"
	"jne 9f; jmp 2f; 2: cmp bx, 0x1234; je 9f; cmp ax, 1; ja 9f; hlt; 9: ud2");

static bool is_nop(const uint8_t *end)
{
	return end[-1] == 0x90 || !memcmp(end - 3, "\x0f\x1f", 3);
}

/* The host reads four bytes at once when they lie within eight, and makes one operation of a
 * comparison and the jump right behind it. */
TEST(jumps_that_are_patched_lie_well_and_behind_their_comparisons)
{
	struct sys_rig r;
	const struct tr *tr;
	unsigned jccs = 0;

	tier_now = TIER_TRANSLATE;
	r = sys_rig("max");
	go_long(&r, 0);
	LOADED(&r, compares);
	r.c->r[R_CX] = 1;
	r.c->r[R_SI] = AT_STACK0;
	r.c->r[R_AX] = r.c->r[R_BX] = r.c->r[R_DI] = r.c->r[R_15] = 0;
	store_le(r.ram + AT_STACK0, 8, 1);
	EQ(-1, payload_go(&r).vector);
	tr = tr_cpu(r.c)->tr;
	for (unsigned i = 0; i < tr->regions[0].n_blocks; i++)
		for (struct tr_link *l = tr->regions[0].blocks[i]->links; l; l = l->next_of) {
			bool jcc = (l->jump[-1] & 0xf0) == 0x80;

			EQ(true, ((uintptr_t)l->jump & 7) <= 4);
			EQ(false, jcc && is_nop(l->jump - 2));
			jccs += jcc;
		}
	EQ(true, jccs >= 12);
	sys_rig_free(&r);
}

/* ---- no room for two vCPUs at once ---- */

/* 0x20000: go on, with code that is not translated yet; [rdi]: it is there. */
PAYLOAD(goes_on, 32,
	"mov dword ptr [edi], 1; 1: pause; cmp dword ptr [0x20000], 0; jne 2f; jmp 1b;"
	"2: mov ecx, 0x1234; hlt");

/* Both find the region full before either makes room. */
static void *fill_region(void *arg)
{
	struct box *b = arg;
	struct tr *tr = tr_cpu(b->c[0])->tr;

	while (!box_ram(b, 0x20040) || !box_ram(b, 0x20080))
		usleep(100);
	usleep(20000);
	pthread_mutex_lock(&tr->lock);
	tr->regions[tr->region].used = UINT32_MAX / 2;
	store_le(b->ram + 0x20000, 4, 1);
	usleep(20000);
	pthread_mutex_unlock(&tr->lock);
	return NULL;
}

TEST(two_vcpus_that_want_room_make_it_once)
{
	pthread_t filler;
	struct box b;

	tier_now = TIER_TRANSLATE;
	box_new(&b);
	box_flat(b.c[1]);
	for (unsigned i = 0; i < 2; i++) {
		PUT(&b, BOX_AT(i), goes_on);
		b.c[i]->r[R_DI] = 0x20040 + 0x40 * i;
	}
	MUST(!pthread_create(&filler, NULL, fill_region, &b));
	box_run(&b);
	pthread_join(filler, NULL);
	EQ(1, tr_cpu(b.c[0])->tr->evictions);
	EQ(0x1234, b.c[0]->r[R_CX]);
	EQ(0x1234, b.c[1]->r[R_CX]);
	box_free(&b);
}

PAYLOAD(halves, 64,
	"add byte ptr [rax], ah; mov r8b, [rax + 1]; mov r9b, [rcx + 1]; xchg [rcx], ch;"
	"mov [rdx], dh; mov r10b, [rdx + 1]; mov r11b, [rbx + 1]; mov bh, [rbx]; hlt");

/* One look at the TLB for two accesses, one of them of a half of the register that they are at. The
 * first time it finds no page there. */
TIER_TEST(a_high_half_at_the_address_of_its_register)
{
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	for (unsigned n = 0; n < 3; n++) {
		for (unsigned i = 0; i < 4; i++) {
			r.c->r[i] = 0x31200 + 0x100 * i;
			store_le(r.ram + 0x31200 + 0x100 * i, 2, 0x5540 + i);
		}
		LOADED(&r, halves);
		EQ(-1, payload_go(&r).vector);
		EQ(0x5552, load_le(r.ram + 0x31200, 2)); /* RAX, RCX, RDX, RBX */
		EQ(0x5513, load_le(r.ram + 0x31300, 2));
		EQ(0x5514, load_le(r.ram + 0x31400, 2));
		EQ(0x34100, r.c->r[R_CX]);
		EQ(0x34300, r.c->r[R_BX]);
		for (unsigned i = 8; i < 12; i++)
			EQ(0x55, r.c->r[i] & 0xff);
	}
	sys_rig_free(&r);
}

/* ---- 49: signals ---- */

PAYLOAD(busy, 64,
	"1: add rax, rbx; lea rdx, [rax + rcx]; xor r13, rdx; add r15, r14; paddq xmm0, xmm1;"
	"push r15; pop rdi; dec ecx; jnz 1b; movq rsi, xmm0; hlt");

static volatile sig_atomic_t signals;

/* Uses a good deal of its stack, and vector registers. */
static void on_alarm(int sig)
{
	volatile uint8_t room[4096];
	volatile double x = sig;

	for (unsigned i = 0; i < sizeof(room); i++)
		room[i] = 0xa5;
	for (unsigned i = 0; i < 50; i++)
		x = x * 1.5 + room[i];
	signals++;
}

static void alarms(long us)
{
	struct itimerval t = {{0, us}, {0, us}};
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_ONSTACK | SA_RESTART};

	sigemptyset(&sa.sa_mask);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

/* While guest registers, and RSP, are not what the host thinks they are. */
TIER_TEST(corner_49_signals_while_translated_code_runs)
{
	const bool quick = tier_now == TIER_TRANSLATE && !getenv("TIER_VERIFY");
	const uint64_t n = quick ? 30000000 : 5000, b = 0x123456789, e = 77;
	uint64_t a = 0, x = 0, y = 0;
	struct sys_rig r = sys_rig("max");

	go_long(&r, 0);
	r.c->cr4 |= CR4_OSFXSR;
	r.c->r[R_CX] = n;
	r.c->r[R_BX] = b;
	r.c->r[R_14] = e;
	r.c->r[R_SP] = 0x30000; /* not on the page of the code */
	store_le(r.c->fpu.fx + 160 + 16, 8, 3);
	LOADED(&r, busy);
	signals = 0;
	alarms(1000);
	EQ(-1, payload_go(&r).vector);
	alarms(0);
	CHECK(tier_now == TIER_INTERP || signals > 0);
	for (uint64_t i = n; i; i--) {
		a += b;
		x ^= a + i;
		y += e;
	}
	EQ(a, r.c->r[R_AX]);
	EQ(x, r.c->r[R_13]);
	EQ(y, r.c->r[R_DI]);
	EQ(y, r.c->r[R_15]);
	EQ(3 * n, r.c->r[R_SI]);
	sys_rig_free(&r);
}
