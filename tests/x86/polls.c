/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Links and the table of jumps (hypervisor/x86/translate/ends.c): whatever way a loop goes back,
 * with the status flags in the host's register and not, somebody who wants the vCPU gets it.
 */
#include "tests/x86/sys_rig.h"

#include <pthread.h>
#include <unistd.h>

/* RBX: where it begins; R9: RSP. */
PAYLOAD(begins, 64, "mov byte ptr [r10], 1; jmp rbx");
PAYLOAD(back, 64, "1: inc rax; jmp 1b");
PAYLOAD(back_flags, 64, "1: add rax, 1; jnz 1b; hlt");
PAYLOAD(back_slot, 64, "1: mov rcx, [rsp]; inc rax; mov rcx, [rsp + 64]; jmp 1b");
PAYLOAD(counter, 64, "1: mov ecx, 2; inc rax; loop 1b; jmp 1b");
PAYLOAD(zero, 64, "1: inc rax; xor ecx, ecx; jrcxz 1b; hlt");
PAYLOAD(by_register, 64, "inc rax; jmp rbx");
PAYLOAD(by_memory, 64, "mov rsp, r9; inc rax; push rbx; jmp [rsp]");
PAYLOAD(by_ret, 64, "inc rax; push rbx; ret");
PAYLOAD(by_call, 64, "inc rax; add rsp, 8; call rbx");
PAYLOAD(ret_before, 64, "inc rax; call 2f; 2: mov [rsp], rbx; ret");
PAYLOAD(far_there, 64,
	"inc rax; mov rsp, r9; jmp 2f; .skip 0xf00; 2: call 3f; .skip 0x100; 3: jmp rbx");
PAYLOAD(far_back, 64, "1: inc rax; jmp 2f; .skip 0x1000; 2: jmp 1b");
PAYLOAD(far_back_flags, 64, "1: add rax, 1; jnz 2f; .skip 0x1000; 2: jnz 1b; hlt");
PAYLOAD(far_back_call, 64, "1: mov rsp, r9; inc rax; jmp 2f; .skip 0x1000; 2: call 1b");
/* In one block, and from one that has gone back to another that is further on: the two words are
 * over a page's end, so that the block without a common look at them comes next. */
PAYLOAD(there_and_back, 64,
	"jmp 2f; 1: inc rax; jmp 3f; 2: inc rcx; jmp 1b; 3: test rax, rax; jnz 2b; hlt");
PAYLOAD(between_two, 64,
	"jmp 2f; 1: mov rcx, [r9 + 0x7fc]; mov rdx, [r9 + 0x804]; add rax, 1; jnz 2f; hlt;"
	"2: inc rdx; jmp 1b");

/* clang-format off */
#define LIST(X) \
	X(back) X(back_flags) X(back_slot) X(counter) X(zero) X(by_register) X(by_memory) \
	X(by_ret) X(by_call) X(ret_before) X(far_there) X(far_back) X(far_back_flags) \
	X(far_back_call) X(there_and_back) X(between_two)
/* clang-format on */

static const struct {
	const char *name;
	const uint8_t *start, *end;
} cases[] = {
#define X(name) {#name, name##_start, name##_end},
	LIST(X)
#undef X
};

enum { BEGINS = 0x20000, BEGAN = 0x31000 };

/* Once it has gone round for a while. */
static void *send_nmi(void *arg)
{
	struct sys_rig *r = arg;

	while (!__atomic_load_n(&r->ram[BEGAN], __ATOMIC_SEQ_CST))
		usleep(10);
	usleep(1000);
	cpu_attend(r->c, ATT_NMI);
	return NULL;
}

TIER_TEST_EACH(a_loop_is_left, ARRAY_SIZE(cases), cases[i].name)
{
	struct sys_rig r = sys_rig("max");
	pthread_t sender;

	go_long(&r, 3);
	payload_traps(&r);
	r.c->r[R_SP] = r.c->r[R_9] = 0x30800;
	r.c->r[R_BX] = AT_CODE;
	r.c->r[R_10] = BEGAN;
	payload_load(&r, AT_CODE, cases[i].start, cases[i].end);
	payload_load(&r, BEGINS, begins_start, begins_end);
	r.c->rip = BEGINS;
	alarm(60); /* it would go on for ever */
	MUST(!pthread_create(&sender, NULL, send_nmi, &r));
	EQ(STOP_HALT, payload_run(&r, ~0ull));
	EQ(EXC_NMI, payload_trap(&r).vector);
	pthread_join(sender, NULL);
	alarm(0);
	sys_rig_free(&r);
}

/* A table of jumps that is empty has no entry for what no code can be at. */
PAYLOAD(no_place, 64, "mov rbx, rsi; jmp rbx");
PAYLOAD(no_place_ret, 64, "push rsi; ret");

static int goes_to(uint64_t rip, const uint8_t *start, const uint8_t *end)
{
	struct sys_rig r = sys_rig("max");
	int vector;

	go_long(&r, 3);
	payload_traps(&r);
	r.c->r[R_SP] = 0x30800;
	r.c->r[R_SI] = rip;
	payload_load(&r, AT_CODE, start, end);
	vector = payload_go(&r).vector;
	sys_rig_free(&r);
	return vector;
}

TIER_TEST(a_branch_to_no_address)
{
	for (uint64_t at = 0; at < 0x180; at += 0x80)
		for (uint64_t high = 1; high < 20; high++) {
			EQ(EXC_GP, goes_to(high << 48 | at, no_place_start, no_place_end));
			EQ(EXC_GP, goes_to(high << 48 | at, no_place_ret_start, no_place_ret_end));
		}
}
