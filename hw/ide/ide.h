/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/ide.h: the IDE cable: what a controller and the drives on it see of
 * each other. The task file lives in the drives, as in ATA; the controller
 * routes (both drives take writes, the selected one answers) and moves DMA data.
 *
 * Spec: ATA/ATAPI-6 (T13/1410D): 7 registers, 8 protocols, 9 commands
 */
#ifndef HW_IDE_IDE_H
#define HW_IDE_IDE_H
#include "base/dev_owner.h" /* a cable is a bus */

extern const struct bus_type ide_bus_type; /* children: unit=0|1 */

/* Offsets in the command block; reading 1 and 7 is ERROR and STATUS. */
enum ide_reg {
	IDE_DATA,
	IDE_FEATURES,
	IDE_NSECTOR,
	IDE_LBA_LOW,
	IDE_LBA_MID,
	IDE_LBA_HIGH,
	IDE_DEVICE,
	IDE_COMMAND,
	IDE_ERROR = 1,
	IDE_STATUS = 7,
};
enum { STATUS_ERR = 1, STATUS_DRQ = 8, STATUS_DSC = 0x10, STATUS_DRDY = 0x40, STATUS_BSY = 0x80 };
enum { ERROR_ABRT = 4, ERROR_UNC = 0x40, ERROR_PASSED = 1 /* diagnostic code */ };
enum { DEVICE_HEAD = 15, DEVICE_DEV = 0x10, DEVICE_ONES = 0xa0, DEVICE_LBA = 0x40 };
enum { CONTROL_NIEN = 2, CONTROL_SRST = 4, CONTROL_HOB = 0x80 };
enum { COMMAND_DEVICE_RESET = 0x08, COMMAND_DIAGNOSTIC = 0x90 };

/* ---- the controller's half ---- */

/* Part of a DMA transfer, mapped: guest memory that the host may touch until unmapped. */
struct ide_dma {
	void *p[257];
	size_t len[257];
	uint64_t gpa[257];
	unsigned n;
	bool to_ram;
};
/* What drives ask of the controller; d is the controller, n the number given to the cable. The
 * bus master's table describes one transfer; `from` and lengths are bytes in it. */
struct ide_host_ops {
	void (*interrupt)(struct dev *d, unsigned n); /* the selected drive asserts INTRQ */
	bool (*polled)(struct dev *d, unsigned n);    /* the host has switched INTRQ off */
	bool (*dma_running)(struct dev *d, unsigned n);
	/* Bytes that the table describes; counting may end once there are more than need. */
	uint64_t (*dma_length)(struct dev *d, unsigned n, uint64_t need);
	/* Maps from … up to from + want: bytes mapped, a multiple of 512; 0: use dma_copy. */
	size_t (*dma_map)(struct dev *d, unsigned n, uint64_t from, size_t want, struct ide_dma *t);
	void (*dma_unmap)(struct dev *d, struct ide_dma *t);
	void (*dma_copy)(struct dev *d, unsigned n, uint64_t from, void *buf, size_t len,
			 bool to_ram);
	/* The drive is through; more: the table described more memory than it had data for. */
	void (*dma_done)(struct dev *d, unsigned n, bool more);
};
struct ide_cable { /* in the controller's host struct */
	struct bus bus;
	const struct ide_host_ops *ops;
	unsigned n;
	struct dev *drive[2]; /* NULL: nobody there */
};
void ide_cable_add(struct ide_cable *c, struct dev *controller, const char *name, unsigned n,
		   const struct ide_host_ops *ops);
void ide_cable_remove(struct ide_cable *c); /* also when it was never added */

/* ---- the drives' half: state and behaviour that disks and packet devices share ---- */

enum ata_phase {
	ATA_IDLE,
	ATA_PIO_IN,  /* DRQ: the host reads data[pos, end) */
	ATA_PIO_OUT, /* DRQ: the host writes it */
	ATA_DMA,     /* DRQ: waits for the bus master to be started */
	ATA_BUSY,    /* the drive works: its own rows say on what */
	ATA_RESET,   /* SRST is held */
};
struct ata {
	uint32_t pos, end; /* in the data buffer */
	uint8_t status, error, device;
	uint8_t feature, nsector, lba_low, lba_mid, lba_high;
	/* What was in them before: "previous content" of 48-bit commands. */
	uint8_t hob_feature, hob_nsector, hob_low, hob_mid, hob_high;
	uint8_t phase; /* enum ata_phase */
	uint8_t pad[2];
};
/* clang-format off */
#define ATA_ROWS(T, m, buf_size) \
	HID(T, m.pos, .max = buf_size), HID(T, m.end, .max = buf_size), \
	HID(T, m.status, .hw = 0xff, .reset = STATUS_DRDY | STATUS_DSC), \
	HID(T, m.error, .hw = 0xff, .reset = ERROR_PASSED), \
	HID(T, m.device, .hw = 0xff, .reset = DEVICE_ONES), \
	HID(T, m.feature, .hw = 0xff), \
	HID(T, m.nsector, .hw = 0xff, .reset = 1), HID(T, m.lba_low, .hw = 0xff, .reset = 1), \
	HID(T, m.lba_mid, .hw = 0xff), HID(T, m.lba_high, .hw = 0xff), \
	HID(T, m.hob_feature, .hw = 0xff), HID(T, m.hob_nsector, .hw = 0xff), \
	HID(T, m.hob_low, .hw = 0xff), HID(T, m.hob_mid, .hw = 0xff), \
	HID(T, m.hob_high, .hw = 0xff), HID(T, m.phase, .max = ATA_RESET), \
	HID_ARRAY(T, m.pad)
/* clang-format on */

/* bus_info of a drive's class. */
struct ata_info {
	size_t ata, data; /* offsets in its state: struct ata; the data buffer … */
	uint32_t data_size;
	bool packet;
	void (*command)(struct dev *d, uint8_t cmd); /* BSY is set, error is 0 */
	void (*pio_end)(struct dev *d);   /* the host moved data[0, end); phase is still PIO */
	void (*dma_start)(struct dev *d); /* phase is ATA_DMA and the bus master runs */
	void (*finish)(struct dev *d); /* waits for what is in flight; the bus master was stopped */
	void (*cancel)(struct dev *d); /* forgets what is in flight: reset */
};
struct ata *ata_of(const struct dev *d);
uint8_t *ata_data(const struct dev *d);

/* For controllers. data_in/out: up to count units of size bytes; units moved. */
uint8_t ata_read(struct dev *d, enum ide_reg reg, bool hob);
void ata_write(struct dev *d, enum ide_reg reg, uint8_t val);
bool ata_takes_writes(const struct dev *d); /* not while it is at work */
void ata_command(struct dev *d, uint8_t cmd);
void ata_diagnose(struct dev *d);
void ata_srst(struct dev *d, bool on);
void ata_bus_master(struct dev *d, bool on); /* was started, is being stopped */
unsigned ata_data_in(struct dev *d, void *buf, unsigned size, unsigned count);
unsigned ata_data_out(struct dev *d, const void *buf, unsigned size, unsigned count);

/* For drives. */
void ata_signature(struct dev *d);
void ata_reset(struct dev *d);                /* after the rows: signature */
bool ata_valid(const struct dev *d);          /* relations within struct ata */
void ata_busy(struct dev *d, uint8_t status); /* phase BUSY, with this status */
void ata_pio_in(struct dev *d, uint32_t len); /* offers data[0, len) and interrupts */
void ata_pio_out(struct dev *d, uint32_t len);
void ata_wait_dma(struct dev *d);            /* begins at once when the bus master runs already */
void ata_finish(struct dev *d);              /* idle without an interrupt: 50 */
void ata_done(struct dev *d);                /* … and interrupts */
void ata_fail(struct dev *d, uint8_t error); /* ERR and an interrupt */
void ata_identify_text(uint8_t *words, const char *text, unsigned len);

unsigned ide_unit(const struct dev *d);
unsigned ide_channel(const struct dev *d);
void ide_interrupt(struct dev *d);
void ide_changed(struct dev *d); /* last in a back end's callback: settles drive and controller */
bool ide_polled(struct dev *d);
bool ide_dma_running(struct dev *d);
uint64_t ide_dma_length(struct dev *d, uint64_t need);
size_t ide_dma_map(struct dev *d, uint64_t from, size_t want, struct ide_dma *t);
void ide_dma_unmap(struct dev *d, struct ide_dma *t);
void ide_dma_copy(struct dev *d, uint64_t from, void *buf, size_t len, bool to_ram);
void ide_dma_done(struct dev *d, bool more);
#endif
