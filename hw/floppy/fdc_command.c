/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/floppy/fdc_command.c: the commands of the 82077AA (chapter 5), which of them there are, and
 * those that move no data.
 */
#include "hw/floppy/fdc.h"

enum { VERSION_82077AA = 0x90, ST3_TRACK0 = 1 << 4, ST3_PROTECTED = 1 << 6, ST3_ONES = 0x28 };
enum { RELATIVE_INWARDS = 1 << 6, STEPS = 79, LOCK_SET = 1 << 7 };

void fdc_result(struct dev *d, unsigned n)
{
	struct fdc *s = d->state;

	s->phase = FDC_RESULT;
	s->n_result = (uint8_t)n;
	s->result_pos = 0;
}

static unsigned unit_of(const struct fdc *s)
{
	return s->cmd[1] & DOR_SELECT;
}

static void seek_ended(struct fdc *s, unsigned status)
{
	s->sense[unit_of(s)] = (uint8_t)(status | (s->cmd[1] & ST0_HD) | unit_of(s));
	s->irq = true;
}

/* At most 79 steps outwards: from further in, or without a drive, track 0 is not met. */
static void recalibrate(struct dev *d)
{
	struct fdc *s = d->state;
	struct dev *drive = fdc_drive(d, unit_of(s));

	if (drive)
		floppy_step(drive, -MIN((int)floppy_cylinder(drive), STEPS));
	s->pcn[unit_of(s)] = 0;
	seek_ended(s, drive && !floppy_cylinder(drive) ? ST0_SE : ST0_SE | ST0_EC | ST0_ABNORMAL);
}

static void seek(struct dev *d)
{
	struct fdc *s = d->state;

	fdc_seek(d, unit_of(s), s->cmd[2]);
	seek_ended(s, ST0_SE);
}

static void relative_seek(struct dev *d)
{
	struct fdc *s = d->state;
	int steps = s->cmd[0] & RELATIVE_INWARDS ? s->cmd[2] : -s->cmd[2];
	struct dev *drive = fdc_drive(d, unit_of(s));

	if (drive)
		floppy_step(drive, steps);
	s->pcn[unit_of(s)] = (uint8_t)(s->pcn[unit_of(s)] + steps);
	seek_ended(s, ST0_SE);
}

/* After a reset the interrupt goes with the first of four. */
static void sense_interrupt(struct dev *d)
{
	struct fdc *s = d->state;
	unsigned i = 0;

	while (i < PCNS && !s->sense[i])
		i++;
	s->irq = false;
	if (i == PCNS) {
		s->result[0] = ST0_INVALID;
		fdc_result(d, 1);
		return;
	}
	s->result[0] = s->sense[i];
	s->result[1] = s->pcn[i];
	s->sense[i] = 0;
	fdc_result(d, 2);
}

static void sense_drive(struct dev *d)
{
	struct fdc *s = d->state;
	struct dev *drive = fdc_drive(d, unit_of(s));
	unsigned st3 = ST3_ONES | (s->cmd[1] & (ST0_HD | DOR_SELECT));

	if (drive && !floppy_cylinder(drive))
		st3 |= ST3_TRACK0;
	if (drive && floppy_protected(drive))
		st3 |= ST3_PROTECTED;
	s->result[0] = (uint8_t)st3;
	fdc_result(d, 1);
}

static void specify(struct dev *d)
{
	struct fdc *s = d->state;

	memcpy(s->specify, s->cmd + 1, sizeof(s->specify));
}

static void configure(struct dev *d)
{
	struct fdc *s = d->state;

	s->config = s->cmd[2] & 0x7f;
	s->pretrk = s->cmd[3];
}

/* OW lets the drives' bits be written (5.2.9). */
static void perpendicular(struct dev *d)
{
	struct fdc *s = d->state;
	unsigned mask = PERP_GAP_WGATE | (s->cmd[1] & PERP_OW ? PERP_DRIVES : 0);

	s->perp = (uint8_t)((s->perp & ~mask) | (s->cmd[1] & mask));
}

static void lock(struct dev *d)
{
	struct fdc *s = d->state;

	s->lock = !!(s->cmd[0] & LOCK_SET);
	s->result[0] = (uint8_t)(s->lock << 4);
	fdc_result(d, 1);
}

static void dumpreg(struct dev *d)
{
	struct fdc *s = d->state;

	memcpy(s->result, s->pcn, sizeof(s->pcn));
	memcpy(s->result + 4, s->specify, sizeof(s->specify));
	s->result[6] = s->eot;
	s->result[7] = (uint8_t)(s->lock << 7 | s->perp);
	s->result[8] = s->config;
	s->result[9] = s->pretrk;
	fdc_result(d, 10);
}

static void version(struct dev *d)
{
	((struct fdc *)d->state)->result[0] = VERSION_82077AA;
	fdc_result(d, 1);
}

/* Table 5-1; bits outside the mask are the command's flags. */
static const struct command {
	uint8_t mask, opcode, length;
	void (*run)(struct dev *d);
} commands[] = {
	{OPCODE, READ, 9, fdc_transfer},
	{OPCODE, READ_DELETED, 9, fdc_transfer},
	{OPCODE | FLAG_SK, WRITE, 9, fdc_transfer},
	{OPCODE | FLAG_SK, WRITE_DELETED, 9, fdc_transfer},
	{OPCODE | FLAG_SK | FLAG_MT, READ_TRACK, 9, fdc_transfer},
	{OPCODE, VERIFY, 9, fdc_transfer},
	{OPCODE, SCAN_EQUAL, 9, fdc_transfer},
	{OPCODE, SCAN_LOW_OR_EQUAL, 9, fdc_transfer},
	{OPCODE, SCAN_HIGH_OR_EQUAL, 9, fdc_transfer},
	{OPCODE | FLAG_SK | FLAG_MT, FORMAT, 6, fdc_transfer},
	{OPCODE | FLAG_SK | FLAG_MT, 0x0a, 2, fdc_read_id},
	{0xff, 0x03, 3, specify},
	{0xff, 0x04, 2, sense_drive},
	{0xff, 0x07, 2, recalibrate},
	{0xff, 0x08, 1, sense_interrupt},
	{0xff, 0x0e, 1, dumpreg},
	{0xff, 0x0f, 3, seek},
	{0xff & ~RELATIVE_INWARDS, 0x8f, 3, relative_seek},
	{0xff, 0x10, 1, version},
	{0xff, 0x12, 2, perpendicular},
	{0xff, 0x13, 4, configure},
	{0xff & ~LOCK_SET, 0x14, 1, lock},
};

static const struct command *find(uint8_t opcode)
{
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		if ((opcode & commands[i].mask) == commands[i].opcode)
			return &commands[i];
	return NULL;
}

unsigned fdc_command_length(uint8_t opcode)
{
	const struct command *c = find(opcode);

	return c ? c->length : 1;
}

void fdc_command(struct dev *d)
{
	struct fdc *s = d->state;
	const struct command *c = find(s->cmd[0]);

	if (c) {
		c->run(d);
		return;
	}
	s->result[0] = ST0_INVALID;
	fdc_result(d, 1);
}
