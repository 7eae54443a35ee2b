/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_fw_cfg.c: what the machine tells its firmware through fw_cfg. */
#include "dm/machine_parts.h"

#include "hw/misc/fw_cfg.h"

#include <errno.h>

#define FOUR_GIB (4ull << 30)

enum { E820_RAM = 1, E820_ENTRY = 20, MOST_CPUS = 255 };
enum { IRQ0_OVERRIDE = 0x8002, HPETS = 0x8004 }; /* keys that are an x86 machine's own */
enum { HPET_ENTRY = 15, HPET_MOST = 8 };

static void e820_entry(uint8_t *p, uint64_t base, uint64_t len)
{
	store_le(p, 8, base);
	store_le(p + 8, 8, len);
	store_le(p + 16, 4, E820_RAM);
}

/* RAM only: what is not RAM, firmware adds from what it knows of the board. */
static int add_e820(struct machine *m, struct dev *d)
{
	uint64_t low = machine_ram_below_4g(m), high = m->cfg->ram - low;

	e820_entry(m->e820, 0, low);
	e820_entry(m->e820 + E820_ENTRY, FOUR_GIB, high);
	return fw_cfg_add_file(d, "etc/e820", m->e820, high ? 2 * E820_ENTRY : E820_ENTRY);
}

/* No nodes; behind their number, for each CPU the one it is in. */
static int add_numa(struct dev *d, unsigned cpus)
{
	static const uint8_t zeros[8 * (1 + MOST_CPUS)];

	return fw_cfg_add(d, FW_CFG_NUMA, zeros, 8 * (1 + MIN(cpus, (unsigned)MOST_CPUS)));
}

/* IRQ 0 is at the IOAPIC's input 2. What HPETs there are: number, then for each its block id,
 * address, shortest period, page protection. */
static int add_timers(struct machine *m, struct dev *d)
{
	uint8_t *hpets = m->hpets;
	int rc = fw_cfg_add_number(d, IRQ0_OVERRIDE, 4, 1);

	_Static_assert(sizeof(m->hpets) == 1 + HPET_ENTRY * HPET_MOST, "as SeaBIOS reads it");
	if (rc || m->cfg->no_hpet)
		return rc;
	hpets[0] = 1;
	store_le(hpets + 1, 4, 0x8086a201);
	store_le(hpets + 5, 8, 0xfed00000);
	return fw_cfg_add(d, HPETS, hpets, sizeof(m->hpets));
}

static int add_items(struct machine *m, struct dev *d)
{
	const struct machine_config *c = m->cfg;
	const struct {
		uint16_t key;
		unsigned bytes;
		uint64_t v;
	} numbers[] = {
		{FW_CFG_RAM_SIZE, 8, c->ram},        {FW_CFG_NOGRAPHIC, 2, c->nographic},
		{FW_CFG_NB_CPUS, 2, c->cpus},        {FW_CFG_MAX_CPUS, 2, c->maxcpus},
		{FW_CFG_BOOT_MENU, 2, c->boot_menu},
	};
	uint8_t uuid[16];
	int rc;

	machine_uuid(c->uuid, uuid);
	rc = fw_cfg_add(d, FW_CFG_UUID, uuid, sizeof(uuid));
	for (unsigned i = 0; i < ARRAY_SIZE(numbers) && !rc; i++)
		rc = fw_cfg_add_number(d, numbers[i].key, numbers[i].bytes, numbers[i].v);
	if (!rc)
		rc = add_numa(d, c->maxcpus);
	if (!rc)
		rc = add_timers(m, d);
	return rc ? rc : add_e820(m, d);
}

int machine_fw_cfg_fill(struct machine *m, struct err *e)
{
	struct dev *d = dev_find(m->env, "fw_cfg");
	int rc = d ? add_items(m, d) : 0;

	if (d && !rc)
		rc = machine_firmware_fill(m, d, e);
	return rc ? err_errno(e, rc, "fw_cfg cannot hold what firmware should know") : 0;
}
