/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/piix3_ide.c: IDE function of the 82371SB (PIIX3): two channels at the
 * legacy ports, bus master DMA.
 *
 * Spec:    Intel 290550-002 (82371FB/82371SB), 2.3 and 3.3; SFF-8038i 1.0
 * State:   both channels, PIO and bus master DMA
 * Missing: IDETIM's decode enables: as in QEMU the ports are always decoded
 * Tests:   tests/hw/piix3_ide.c
 */
#include "hw/pci/pci.h"
#include "hw/ide/ide.h"

enum { BMIC_START = 1, BMIC_READ = 8 /* from the drive to memory */ };
enum { BMIS_ACTIVE = 1, BMIS_ERROR = 2, BMIS_INTR = 4, BMIS_CAPABLE = 0x60 };
enum { PRD_EOT = 0x80000000u, PRDS = 512 /* a table ends with its page */ };
enum { REGION_CONFIG, REGION_BM, REGION_COMMAND, REGION_CONTROL };
enum { CHANNELS = 2 };

struct channel {
	uint32_t bmidtp;
	uint32_t table; /* bmidtp when START was set */
	uint8_t bmic, bmis;
	uint8_t control, unit;
	bool intrq; /* the selected drive asks for attention */
	/* Task file of a place without a drive: it holds what is written. */
	uint8_t none[IDE_DEVICE + 1];
};
struct piix3_ide {
	struct pci_config pci;
	struct channel ch[CHANNELS];
	uint16_t idetim[CHANNELS];
	uint8_t timing[256 - 0x44];
};
struct piix3_ide_host {
	struct ide_cable cable[CHANNELS];
};

static struct channel *channel(const struct dev *d, unsigned n)
{
	return &((struct piix3_ide *)d->state)->ch[n];
}

static struct ide_cable *cable(const struct dev *d, unsigned n)
{
	return &((struct piix3_ide_host *)d->host)->cable[n];
}

static struct dev *selected(const struct dev *d, unsigned n)
{
	return cable(d, n)->drive[channel(d, n)->unit];
}

static bool channel_empty(const struct dev *d, unsigned n)
{
	return !cable(d, n)->drive[0] && !cable(d, n)->drive[1];
}

/* ---- the task file ---- */

static uint8_t none_read(const struct dev *d, unsigned n, enum ide_reg reg)
{
	if (reg == IDE_STATUS || reg == IDE_ERROR || channel_empty(d, n))
		return 0;
	return channel(d, n)->none[reg];
}

static uint8_t task_read(struct dev *d, unsigned n, enum ide_reg reg)
{
	struct dev *drive = selected(d, n);

	return drive ? ata_read(drive, reg, channel(d, n)->control & CONTROL_HOB)
		     : none_read(d, n, reg);
}

/* Elements of CALC rows are numbered by channel. */
static uint64_t register_read(struct dev *d, unsigned n, enum ide_reg reg)
{
	if (reg == IDE_STATUS)
		channel(d, n)->intrq = false;
	return task_read(d, n, reg);
}

/* Both drives hear it: they share the cable (7.1). */
static void register_write(struct dev *d, unsigned n, enum ide_reg reg, uint8_t val)
{
	struct channel *c = channel(d, n);

	if (selected(d, n) && !ata_takes_writes(selected(d, n)))
		return;
	c->control &= (uint8_t)~CONTROL_HOB;
	c->none[reg] = reg == IDE_DEVICE ? val | DEVICE_ONES : val;
	for (unsigned unit = 0; unit < 2; unit++)
		if (cable(d, n)->drive[unit])
			ata_write(cable(d, n)->drive[unit], reg, val);
	if (reg == IDE_DEVICE)
		c->unit = !!(val & DEVICE_DEV);
}

static void none_reset(struct channel *c)
{
	static const uint8_t signature[] = {0, 0, 1, 1, 0xff, 0xff, DEVICE_ONES};

	memcpy(c->none, signature, sizeof(signature));
}

static void diagnose(struct dev *d, unsigned n)
{
	for (unsigned unit = 0; unit < 2; unit++)
		if (cable(d, n)->drive[unit])
			ata_diagnose(cable(d, n)->drive[unit]);
	none_reset(channel(d, n));
	channel(d, n)->unit = 0;
	channel(d, n)->intrq = true;
}

/* INTRQ goes low with the command; when the answer is there within the same access, that is an
 * edge of its own. */
static void command_write(struct dev *d, unsigned n, uint8_t cmd)
{
	struct channel *c = channel(d, n);
	struct dev *drive = selected(d, n);
	bool was = c->intrq && !(c->control & CONTROL_NIEN);

	c->control &= (uint8_t)~CONTROL_HOB;
	c->intrq = false;
	if (!drive)
		return;
	if (cmd == COMMAND_DIAGNOSTIC && ata_takes_writes(drive))
		diagnose(d, n);
	else
		ata_command(drive, cmd);
	if (was && c->intrq)
		dev_pulse(d, n);
}

static uint64_t task_row_read(struct dev *d, const struct access *a)
{
	return register_read(d, a->index / 8, a->index % 8);
}

static void task_row_written(struct dev *d, const struct access *a)
{
	unsigned n = a->index / 8, reg = a->index % 8;

	if (reg == IDE_COMMAND)
		command_write(d, n, (uint8_t)a->val);
	else
		register_write(d, n, reg, (uint8_t)a->val);
}

static uint64_t data_read(struct dev *d, const struct access *a)
{
	struct dev *drive = selected(d, a->index);
	uint8_t buf[8] = {0};

	if (!drive || !ata_data_in(drive, buf, a->size, 1))
		dev_guest_error(d, "data port read without DRQ");
	return load_le(buf, a->size);
}

static void data_written(struct dev *d, const struct access *a)
{
	struct dev *drive = selected(d, a->index);
	uint8_t buf[8];

	store_le(buf, a->size, a->val);
	if (!drive || !ata_data_out(drive, buf, a->size, 1))
		dev_guest_error(d, "data port write without DRQ");
}

/* What the drive does not take or give is over at once too: nothing changes during a rep. */
static unsigned bulk(struct dev *d, const struct access *a, bool write, void *buf, unsigned count)
{
	struct dev *drive = selected(d, a->index);
	unsigned n = 0;

	if (drive)
		n = write ? ata_data_out(drive, buf, a->size, count)
			  : ata_data_in(drive, buf, a->size, count);
	if (n)
		return n;
	dev_guest_error(d, "rep at the data port without DRQ");
	if (!write)
		memset(buf, 0, (size_t)count * a->size);
	return count;
}

static uint64_t control_read(struct dev *d, const struct access *a)
{
	return task_read(d, a->index, IDE_STATUS); /* Alternate Status: INTRQ stays */
}

static void srst(struct dev *d, unsigned n, bool on)
{
	struct channel *c = channel(d, n);

	for (unsigned unit = 0; unit < 2; unit++)
		if (cable(d, n)->drive[unit])
			ata_srst(cable(d, n)->drive[unit], on);
	c->intrq = false;
	c->unit = 0;
	none_reset(c);
}

static void control_written(struct dev *d, const struct access *a)
{
	struct channel *c = channel(d, a->index);
	uint8_t changed = (uint8_t)a->old ^ c->control;

	if (changed & CONTROL_SRST)
		srst(d, a->index, c->control & CONTROL_SRST);
	if (changed & CONTROL_NIEN && c->intrq && !(c->control & CONTROL_NIEN))
		c->bmis |= BMIS_INTR;
}

/* ---- the bus master ---- */

static void bmic_written(struct dev *d, const struct access *a)
{
	struct channel *c = channel(d, a->index);
	struct dev *drive = selected(d, a->index);

	if (!((a->old ^ c->bmic) & BMIC_START))
		return;
	if (c->bmic & BMIC_START) {
		c->bmis |= BMIS_ACTIVE;
		c->table = c->bmidtp;
		if (drive)
			ata_bus_master(drive, true);
		return;
	}
	if (drive)
		ata_bus_master(drive, false);
	c->bmis &= (uint8_t)~BMIS_ACTIVE;
}

static void host_interrupt(struct dev *d, unsigned n)
{
	struct channel *c = channel(d, n);

	c->intrq = true;
	if (!(c->control & CONTROL_NIEN))
		c->bmis |= BMIS_INTR;
}

static bool host_polled(struct dev *d, unsigned n)
{
	return channel(d, n)->control & CONTROL_NIEN;
}

static bool host_dma_running(struct dev *d, unsigned n)
{
	return channel(d, n)->bmis & BMIS_ACTIVE;
}

static void host_dma_done(struct dev *d, unsigned n, bool more)
{
	if (!more)
		channel(d, n)->bmis &= (uint8_t)~BMIS_ACTIVE;
}

struct prd_walk {
	unsigned i;
	bool last;
	uint32_t gpa, len;
};

static bool prd_next(struct dev *d, unsigned n, struct prd_walk *w)
{
	uint8_t prd[8];

	if (w->last || w->i == PRDS)
		return false;
	/* Where the table cannot be read it is zeroes: 64 KB at 0, and no end. */
	if (dma_read(d, channel(d, n)->table + 8ull * w->i, prd, sizeof(prd)) < 0)
		memset(prd, 0, sizeof(prd));
	w->i++;
	w->gpa = (uint32_t)load_le(prd, 4) & ~1u;
	w->len = (uint32_t)load_le(prd + 4, 4) & 0xfffe;
	w->len = w->len ? w->len : 0x10000;
	w->last = load_le(prd + 4, 4) & PRD_EOT;
	return true;
}

static uint64_t host_dma_length(struct dev *d, unsigned n, uint64_t need)
{
	struct prd_walk w = {0};
	uint64_t sum = 0;

	while (sum <= need && prd_next(d, n, &w))
		sum += w.len;
	return sum;
}

/* The walk's first entry that holds byte `from`; *skip bytes of it lie before. */
static bool prd_seek(struct dev *d, unsigned n, uint64_t from, struct prd_walk *w, uint32_t *skip)
{
	while (prd_next(d, n, w)) {
		if (from < w->len) {
			*skip = (uint32_t)from;
			return true;
		}
		from -= w->len;
	}
	return false;
}

static void host_dma_unmap(struct dev *d, struct ide_dma *t)
{
	for (unsigned i = 0; i < t->n; i++)
		dma_unmap(d, t->p[i], t->gpa[i], t->to_ram ? t->len[i] : 0);
	t->n = 0;
}

/* One piece more; its length, 0 when it is not RAM. */
static size_t map_piece(struct dev *d, struct ide_dma *t, uint64_t gpa, size_t len)
{
	t->p[t->n] = dma_map(d, gpa, &len, t->to_ram);
	if (!t->p[t->n])
		return 0;
	t->len[t->n] = len;
	t->gpa[t->n++] = gpa;
	return len;
}

/* Whole sectors only: takes back what exceeds `keep` bytes. */
static void trim_to(struct dev *d, struct ide_dma *t, size_t have, size_t keep)
{
	while (have > keep) {
		size_t *len = &t->len[t->n - 1];

		if (have - keep < *len) {
			*len -= have - keep;
			return;
		}
		have -= *len;
		t->n--;
		dma_unmap(d, t->p[t->n], t->gpa[t->n], 0);
	}
}

static size_t host_dma_map(struct dev *d, unsigned n, uint64_t from, size_t want, struct ide_dma *t)
{
	struct prd_walk w = {0};
	size_t have = 0, len;
	uint32_t skip;
	bool more = prd_seek(d, n, from, &w, &skip);

	t->n = 0;
	while (more && have < want && t->n < ARRAY_SIZE(t->gpa)) {
		len = map_piece(d, t, (uint64_t)w.gpa + skip, MIN(w.len - skip, want - have));
		if (!len)
			break;
		have += len;
		skip += (uint32_t)len;
		if (skip == w.len) {
			skip = 0;
			more = prd_next(d, n, &w);
		}
	}
	trim_to(d, t, have, have & ~(size_t)511);
	return have & ~(size_t)511;
}

static void host_dma_copy(struct dev *d, unsigned n, uint64_t from, void *buf, size_t len,
			  bool to_ram)
{
	struct prd_walk w = {0};
	uint8_t *p = buf;
	uint32_t skip;
	bool more = prd_seek(d, n, from, &w, &skip);

	for (; more && len; more = prd_next(d, n, &w), skip = 0) {
		size_t part = MIN(w.len - skip, len);

		if (to_ram)
			dma_write(d, (uint64_t)w.gpa + skip, p, part);
		else
			dma_read(d, (uint64_t)w.gpa + skip, p, part);
		p += part;
		len -= part;
	}
}

static const struct ide_host_ops host_ops = {
	.interrupt = host_interrupt,
	.polled = host_polled,
	.dma_running = host_dma_running,
	.dma_length = host_dma_length,
	.dma_map = host_dma_map,
	.dma_unmap = host_dma_unmap,
	.dma_copy = host_dma_copy,
	.dma_done = host_dma_done,
};

/* ---- the device ---- */

static int piix3_ide_realize(struct dev *d, struct err *e)
{
	static const struct {
		const char *bus;
		unsigned irq;
		uint16_t command, control;
	} legacy[CHANNELS] = {{"ide.0", 14, 0x1f0, 0x3f6}, {"ide.1", 15, 0x170, 0x376}};
	struct piix3_ide_host *h = d->host;

	(void)e;
	for (unsigned n = 0; n < CHANNELS; n++) {
		ide_cable_add(&h->cable[n], d, legacy[n].bus, n, &host_ops);
		dev_line_to(d, n, LINE_ISA, legacy[n].irq);
		dev_window(d, n, REGION_COMMAND, n * 8, 8, SPACE_IO, legacy[n].command);
		dev_window(d, 2 + n, REGION_CONTROL, n, 1, SPACE_IO, legacy[n].control);
	}
	return 0;
}

static void piix3_ide_unrealize(struct dev *d)
{
	for (unsigned n = 0; n < CHANNELS; n++)
		ide_cable_remove(cable(d, n));
}

static void piix3_ide_settle(struct dev *d)
{
	for (unsigned n = 0; n < CHANNELS; n++)
		dev_line(d, n, channel(d, n)->intrq && !(channel(d, n)->control & CONTROL_NIEN));
}

static void piix3_ide_reset(struct dev *d)
{
	for (unsigned n = 0; n < CHANNELS; n++)
		none_reset(channel(d, n));
}

static const struct region piix3_ide_regions[] = {
	[REGION_CONFIG] = {.name = "config", .len = 256, .sizes = 1 | 2 | 4},
	[REGION_BM] = {.name = "bmdma", .len = 16, .unclaimed = 0xff},
	[REGION_COMMAND] = {.name = "command", .len = 16},
	[REGION_CONTROL] = {.name = "control", .len = 2},
};

/* clang-format off */
#define T struct piix3_ide
static const struct row piix3_ide_rows[] = {
	PCI_ROWS(REGION_CONFIG, T, pci, 0x8086, 0x7010, 0, 0x010180, 0, 0,
		 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR |
		 PCI_COMMAND_INTX_DISABLE, 0x0280),
	REG_ARRAY(0x40, 2, T, idetim, .rw = 0xffff),
	/* SIDETIM, UDMACTL, UDMATIM; the rest is reserved, and holds what is written as in QEMU. */
	REG_ARRAY(0x44, 1, T, timing, .rw = 0xff),
	REG_EACH(0, 8, T, ch, bmic, .region = REGION_BM, .sizes = 1, .rw = BMIC_START | BMIC_READ,
		 .written = bmic_written),
	REG_EACH(2, 8, T, ch, bmis, .region = REGION_BM, .sizes = 1, .rw = BMIS_CAPABLE,
		 .w1c = BMIS_INTR | BMIS_ERROR, .hw = BMIS_ACTIVE),
	REG_EACH(4, 8, T, ch, bmidtp, .region = REGION_BM, .rw = 0xfffffffc),
	CALC(0, 1, "data", .region = REGION_COMMAND, .count = CHANNELS, .stride = 8,
	     .flags = ROW_PORT, .read = data_read, .written = data_written),
	CALC(0, 1, "task", .region = REGION_COMMAND, .count = 16, .stride = 1,
	     .read = task_row_read, .written = task_row_written),
	CALC(0, 1, "altstatus", .region = REGION_CONTROL, .count = CHANNELS, .stride = 1,
	     .flags = ROW_RD | ROW_PURE, .read = control_read),
	REG_EACH(0, 1, T, ch, control, .region = REGION_CONTROL, .flags = ROW_WR, .rw = 0xff,
		 .written = control_written),
	HID_EACH(T, ch, table, .hw = 0xfffffffc),
	HID_EACH(T, ch, unit, .max = 1),
	HID_EACH(T, ch, intrq, .max = 1),
	HID_EACH(T, ch, none[IDE_NSECTOR], .hw = 0xff),
	HID_EACH(T, ch, none[IDE_LBA_LOW], .hw = 0xff),
	HID_EACH(T, ch, none[IDE_LBA_MID], .hw = 0xff),
	HID_EACH(T, ch, none[IDE_LBA_HIGH], .hw = 0xff),
	HID_EACH(T, ch, none[IDE_DEVICE], .hw = 0xff),
	HID_EACH(T, ch, none[IDE_FEATURES], .hw = 0xff),
	HID_EACH(T, ch, none[IDE_DATA]),
};
#undef T
/* clang-format on */

static const struct pci_info piix3_ide_pci = {
	.config = offsetof(struct piix3_ide, pci),
	.region = REGION_CONFIG,
	.bar[4] = {.size = 16, .region = REGION_BM, .io = true},
	.slot = 1,
	.fn = 1,
};

static struct dev_class piix3_ide_class = {
	.name = "piix3-ide",
	.summary = "82371SB IDE controller, two channels",
	.bus = &pci_bus_type,
	.bus_info = &piix3_ide_pci,
	.state_size = sizeof(struct piix3_ide),
	.host_size = sizeof(struct piix3_ide_host),
	.regions = piix3_ide_regions,
	.n_regions = ARRAY_SIZE(piix3_ide_regions),
	.rows = piix3_ide_rows,
	.n_rows = ARRAY_SIZE(piix3_ide_rows),
	.n_lines = CHANNELS,
	.realize = piix3_ide_realize,
	.unrealize = piix3_ide_unrealize,
	.reset = piix3_ide_reset,
	.settle = piix3_ide_settle,
	.bulk = bulk,
};
DEV_REGISTER(piix3_ide_class)
