/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O requests with every byte the attacker's: the input is a row of struct hv_ioreq, one after
 * the other, each followed by 8 bytes that land in guest memory. One machine with one of each
 * device takes them all; time moves a little after each.
 */
#include "base/loop.h"
#include "base/util.h"
#include "dm/ioreq.h"
#include "dm/machine.h"
#include "dm/options.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct machine_config cfg;
static struct loop *loop;

static struct machine *make(void)
{
	struct err e = {""};
	struct machine *m;

	if (!loop) {
		loop = loop_new(&e);
		if (!loop || options_parse_text(&cfg,
						"-accel qtest -nodefaults -m 16 -serial null"
						" -drive if=none,id=cd,media=cdrom"
						" -device ide-cd,drive=cd,bus=ide.0"
						" -device rtl8139",
						&e) != OPTIONS_RUN) {
			fprintf(stderr, "%s\n", e.msg);
			abort();
		}
	}
	m = machine_new(&cfg, loop, &e);
	if (!m) {
		fprintf(stderr, "%s\n", e.msg);
		abort();
	}
	return m;
}

static void put(struct machine *m, uint64_t gpa, const uint8_t *bytes)
{
	size_t n = 8;
	void *p = m->hv->ops->dma_map(m->hv, gpa, &n, true);

	if (!p)
		return;
	memcpy(p, bytes, MIN(n, (size_t)8));
	m->hv->ops->dma_unmap(m->hv, p, gpa, MIN(n, (size_t)8));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine *m = make();

	machine_lock(m);
	for (; size >= sizeof(struct hv_ioreq) + 8; size -= sizeof(struct hv_ioreq) + 8) {
		struct hv_ioreq r;

		memcpy(&r, data, sizeof(r));
		put(m, r.data & 0xffffff, data + sizeof(r));
		data += sizeof(r) + 8;
		r.count &= 0x1fff; /* or the loops are all that it finds */
		ioreq_handle(m->board, &r);
		clock_advance(m->clock, 100000);
		machine_requests(m);
	}
	machine_unlock(m);
	loop_step(loop, 0);
	machine_free(m);
	return 0;
}
