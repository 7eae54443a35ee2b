/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-testdev: a PCI function that counts writes to one byte of a BAR, for measuring what an
 * access costs. Public CPU test suites are built on it.
 *
 * Spec:    QEMU's docs/specs/pci-testdev: BAR0 is 4 KiB of memory, BAR1 256 ports; either starts
 *          with {u8 test, width, pad[2]; u32 offset; u8 data, pad[3]; u32 count; char name[]}
 * State:   complete
 * Missing: BAR2 (membar=). Writes of the "eventfd" tests are counted like the others': there is no
 *          faster way to the device here that they could measure
 * Tests:   tests/hw/pci_testdev.c
 */
#include "hw/pci/pci.h"

enum { REGION_CONFIG, REGION_MEM, REGION_PORTS };
enum { MEM = 4096, PORTS = 256, KINDS = 3, TESTS = 2 * KINDS };
enum { TEST = 0, WIDTH = 1, OFFSET = 4, DATA = 8, COUNT = 12, NAME = 16 };
enum { DATA_MATCH = 0xfa, DATA_ANY = 0xce };

static const char *const names[TESTS] = {
	"mmio-no-eventfd",   "mmio-wildcard-eventfd",   "mmio-datamatch-eventfd",
	"portio-no-eventfd", "portio-wildcard-eventfd", "portio-datamatch-eventfd",
};

struct pci_testdev {
	struct pci_config pci;
	uint32_t count;
	uint32_t test; /* number + 1; 0 = none was chosen */
};

static bool any_data(unsigned test)
{
	return test % KINDS == 1;
}

/* Where the test's writes go: the upper half of its BAR, each test a byte of its own. */
static uint32_t test_offset(unsigned test)
{
	return (test < KINDS ? MEM : PORTS) / 2 + test;
}

static uint64_t bar_read(struct dev *d, const struct access *a)
{
	const struct pci_testdev *s = d->state;
	unsigned test = s->test - 1;

	if (!s->test)
		return 0;
	if (a->index >= NAME)
		return a->index - NAME < strlen(names[test]) ? (uint8_t)names[test][a->index - NAME]
							     : 0;
	switch (a->index & ~3u) {
	case OFFSET:
		return test_offset(test) >> 8 * (a->index % 4) & 0xff;
	case COUNT:
		return s->count >> 8 * (a->index % 4) & 0xff;
	}
	return a->index == TEST    ? test
	       : a->index == WIDTH ? 1
	       : a->index == DATA  ? any_data(test) ? DATA_ANY : DATA_MATCH
				   : 0;
}

static void choose(struct pci_testdev *s, unsigned kind, bool ports)
{
	s->test = kind < KINDS ? kind + (ports ? KINDS : 0) + 1 : 0;
	s->count = 0;
}

static void bar_written(struct dev *d, const struct access *a)
{
	struct pci_testdev *s = d->state;
	unsigned test = s->test - 1;

	if (a->index == TEST)
		choose(s, (unsigned)a->val, a->region == REGION_PORTS);
	else if (s->test && a->index == test_offset(test) &&
		 (any_data(test) || a->val == DATA_MATCH))
		s->count++;
}

/* Nothing counts without a test. */
static bool testdev_valid(const struct dev *d)
{
	const struct pci_testdev *s = d->state;

	return s->test || !s->count;
}

static const struct region testdev_regions[] = {
	[REGION_CONFIG] = {.name = "config", .len = 256},
	[REGION_MEM] = {.name = "mem", .len = MEM},
	[REGION_PORTS] = {.name = "ports", .len = PORTS},
};

/* clang-format off */
static const struct row testdev_rows[] = {
	PCI_ROWS(REGION_CONFIG, struct pci_testdev, pci, 0x1b36, 0x0005, 0, 0x00ff00, 0, 0,
		 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
		 PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE, 0),
	CALC(0, 1, "mem", .region = REGION_MEM, .count = MEM, .stride = 1, .flags = ROW_PURE,
	     .read = bar_read, .written = bar_written),
	CALC(0, 1, "ports", .region = REGION_PORTS, .count = PORTS, .stride = 1,
	     .flags = ROW_PURE, .read = bar_read, .written = bar_written),
	HID(struct pci_testdev, count, .hw = 0xffffffff),
	HID(struct pci_testdev, test, .max = TESTS),
};
/* clang-format on */

static const struct pci_info testdev_pci = {
	.config = offsetof(struct pci_testdev, pci),
	.region = REGION_CONFIG,
	.bar = {{.size = MEM, .region = REGION_MEM},
		{.size = PORTS, .region = REGION_PORTS, .io = true}},
	.slot = -1,
};

static struct dev_class testdev_class = {
	.name = "pci-testdev",
	.summary = "PCI function that counts writes, for tests",
	.bus = &pci_bus_type,
	.bus_info = &testdev_pci,
	.state_size = sizeof(struct pci_testdev),
	.regions = testdev_regions,
	.n_regions = ARRAY_SIZE(testdev_regions),
	.rows = testdev_rows,
	.n_rows = ARRAY_SIZE(testdev_rows),
	.unpluggable = true,
	.valid = testdev_valid,
};
DEV_REGISTER(testdev_class)
