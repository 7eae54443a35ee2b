/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The translator's own: what the guest does not see but for how it ends. */
#include "hypervisor/x86/translate/cache.h"
#include "hypervisor/x86/translate/tr.h"
#include "tests/x86/sys_rig.h"

/* As other vCPUs may while this one waits for a device: all regions are used anew. */
static void evict(struct machine *m)
{
	struct tr *tr = tr_cpu(m->c)->tr;

	if (!tr)
		return;
	pthread_mutex_lock(&tr->lock);
	for (unsigned i = 0; i < TR_REGIONS; i++) {
		const uint32_t code = tr->regions[i].used, meta = tr->regions[i].meta_used;

		while (tr->region != i || tr->regions[i].used)
			cache_next_region(tr);
		memset(tr->regions[i].code, 0xcc, code);
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
