/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/ide_cd_io.c: how a packet device moves data: PIO in pieces that the
 * host bounds, DMA straight from the image into guest memory; how packet
 * commands end; what is valid in between.
 */
#include "hw/ide/ide_cd.h"

#include <errno.h>

enum {
	DMA_STATUS = STATUS_DRDY | STATUS_DSC | STATUS_DRQ,
	BUSY_STATUS = STATUS_DRDY | STATUS_DSC | STATUS_BSY
};

/* ---- how a packet command ends ---- */

static void end(struct dev *d)
{
	struct ide_cd *c = cd_state(d);

	if (c->dma && (c->op == CD_READ || c->op == CD_REPLY))
		ide_dma_done(d, false);
	c->op = CD_NONE;
	c->len = 0;
	ata_of(d)->nsector = (uint8_t)((ata_of(d)->nsector & ~7) | REASON_DONE);
}

void cd_ok(struct dev *d)
{
	end(d);
	cd_state(d)->sense = cd_state(d)->asc = 0;
	ata_done(d);
}

void cd_error(struct dev *d, uint8_t sense, uint8_t asc)
{
	end(d);
	cd_state(d)->sense = sense;
	cd_state(d)->asc = asc;
	ata_fail(d, (uint8_t)(sense << 4));
}

void cd_abort(struct dev *d)
{
	end(d);
	ata_fail(d, ERROR_ABRT);
}

/* ---- data to the host ---- */

static void submit(struct dev *d, uint64_t offset, uint64_t bytes)
{
	struct ide_cd_host *h = cd_host(d);

	h->req.op = BLK_READ;
	h->req.offset = (uint64_t)cd_state(d)->lba * CD_BLOCK + offset;
	h->req.bytes = bytes;
	h->in_flight = true;
	blk_submit(h->drive->blk, &h->req);
}

static void submit_buffer(struct dev *d, uint64_t offset, size_t bytes)
{
	struct ide_cd_host *h = cd_host(d);

	h->req.iov[0] = (struct iovec){.iov_base = cd_state(d)->data, .iov_len = bytes};
	h->req.iovcnt = 1;
	submit(d, offset, bytes);
}

static uint32_t piece(const struct ide_cd *c)
{
	uint64_t left = c->total - c->done;

	return (uint32_t)(left > c->limit ? c->limit & ~1u : left);
}

/* Pieces end anywhere, requests at multiples of 512: where in the buffer the piece begins. */
static uint32_t skip(const struct ide_cd *c)
{
	return c->op == CD_READ ? c->done % 512 : (uint32_t)c->done;
}

static void offer(struct dev *d)
{
	struct ide_cd *c = cd_state(d);
	uint32_t size = piece(c);

	c->a.nsector = (uint8_t)((c->a.nsector & ~7) | REASON_IN);
	c->a.lba_mid = (uint8_t)size;
	c->a.lba_high = (uint8_t)(size >> 8);
	ata_pio_in(d, skip(c) + size);
	c->a.pos = skip(c);
	c->len = c->op == CD_READ ? c->a.end : c->len;
}

static void pio_next(struct dev *d)
{
	struct ide_cd *c = cd_state(d);

	if (c->done == c->total) {
		cd_ok(d);
	} else if (c->op == CD_REPLY) {
		offer(d);
	} else if (!cd_host(d)->drive->blk) {
		cd_error(d, SENSE_NOT_READY, ASC_NO_MEDIUM);
	} else {
		ata_busy(d, BUSY_STATUS);
		c->a.pos = c->a.end = c->len = 0;
		submit_buffer(d, c->done - skip(c), (skip(c) + piece(c) + 511) & ~511u);
	}
}

void cd_pio_end(struct dev *d)
{
	struct ide_cd *c = cd_state(d);
	uint8_t packet[CD_PACKET];

	switch ((enum cd_op)c->op) {
	case CD_COMMAND:
		memcpy(packet, c->data, sizeof(packet));
		cd_packet(d, packet);
		break;
	case CD_REPLY:
	case CD_READ:
		c->done += c->a.end - skip(c);
		pio_next(d);
		break;
	case CD_NONE:
		c->len = 0;
		ata_finish(d);
		break;
	}
}

static void unmap(struct dev *d)
{
	struct ide_cd_host *h = cd_host(d);

	if (h->mapped)
		ide_dma_unmap(d, &h->map);
	h->mapped = false;
}

static void dma_next(struct dev *d)
{
	struct ide_cd *c = cd_state(d);
	struct ide_cd_host *h = cd_host(d);
	uint64_t left = c->total - c->done;
	size_t bytes;

	if (!h->drive->blk) {
		cd_error(d, SENSE_NOT_READY, ASC_NO_MEDIUM);
		return;
	}
	ata_busy(d, DMA_STATUS);
	h->map.to_ram = true;
	bytes = ide_dma_map(d, c->done, (size_t)left, &h->map);
	if (!bytes) {
		submit_buffer(d, c->done, (size_t)MIN(left, 65536u));
		return;
	}
	h->mapped = true;
	h->req.iovcnt = h->map.n;
	for (unsigned i = 0; i < h->map.n; i++)
		h->req.iov[i] = (struct iovec){h->map.p[i], h->map.len[i]};
	submit(d, c->done, bytes);
}

static void dma_done(struct dev *d)
{
	struct ide_cd *c = cd_state(d);
	uint64_t bytes = cd_host(d)->req.bytes;

	if (!cd_host(d)->mapped)
		ide_dma_copy(d, c->done, c->data, bytes, true);
	unmap(d);
	c->done += bytes;
	if (c->done == c->total)
		cd_ok(d);
	else
		dma_next(d);
}

/* As for disks: a table that is too short moves nothing and says nothing. */
void cd_dma_start(struct dev *d)
{
	struct ide_cd *c = cd_state(d);

	if (ide_dma_length(d, c->total) < c->total) {
		end(d);
		ata_finish(d);
	} else if (c->op == CD_REPLY) {
		ide_dma_copy(d, 0, c->data, (size_t)c->total, true);
		cd_ok(d);
	} else {
		dma_next(d);
	}
}

void cd_request_done(struct blk_req *r, int rc)
{
	struct dev *d = r->arg;

	cd_host(d)->in_flight = false;
	if (rc < 0) {
		unmap(d);
		cd_error(d, SENSE_MEDIUM, ASC_READ_ERROR);
	} else if (cd_state(d)->dma) {
		dma_done(d);
	} else {
		offer(d);
	}
	ide_changed(d);
}

static void transfer(struct dev *d, enum cd_op op, uint64_t total)
{
	struct ide_cd *c = cd_state(d);

	/* A byte count limit of 0 is refused on ATA's level, not on that of packets (7.21.5 of
	 * ACS-3); 1 would never get anywhere. */
	if (!c->dma && c->limit < 2) {
		cd_abort(d);
		return;
	}
	c->op = (uint8_t)op;
	c->total = total;
	c->done = 0;
	if (c->dma)
		ata_wait_dma(d);
	else
		pio_next(d);
}

void cd_reply(struct dev *d, uint32_t len, uint32_t max)
{
	len = MIN(len, max);
	cd_state(d)->sense = cd_state(d)->asc = 0;
	if (!len) {
		cd_ok(d);
		return;
	}
	cd_state(d)->len = len;
	transfer(d, CD_REPLY, len);
}

void cd_read(struct dev *d, uint32_t lba, uint32_t blocks)
{
	struct ide_cd *c = cd_state(d);

	if ((uint64_t)lba + blocks > cd_blocks(d)) {
		cd_error(d, SENSE_ILLEGAL, ASC_OUT_OF_RANGE);
		return;
	}
	if (!blocks) {
		cd_ok(d);
		return;
	}
	c->lba = lba;
	c->len = 0;
	transfer(d, CD_READ, (uint64_t)blocks * CD_BLOCK);
}

/* ---- life ---- */

/* The request in flight, if any: its answer is of no use any more. */
void cd_forget(struct dev *d)
{
	struct ide_cd_host *h = cd_host(d);

	if (h->in_flight)
		blk_cancel(&h->req);
	h->in_flight = false;
	unmap(d);
}

void cd_cancel(struct dev *d)
{
	cd_forget(d);
	cd_state(d)->op = CD_NONE;
	cd_state(d)->len = 0;
}

/* A request in flight is carried through when the bus master stops, as on a disk. */
void cd_finish(struct dev *d)
{
	struct ide_cd_host *h = cd_host(d);

	if (h->in_flight)
		blk_drain(h->drive->blk);
	if (!h->in_flight)
		return;
	blk_cancel(&h->req);
	cd_request_done(&h->req, -EIO);
}

void cd_resume(struct dev *d)
{
	struct ide_cd *c = cd_state(d);
	enum cd_op op = c->op;
	uint32_t len = c->len;

	cd_cancel(d);
	cd_host(d)->drive->tray_open = c->tray_open;
	cd_lock(d, c->locked);
	c->op = (uint8_t)op;
	c->len = len;
	if (c->a.phase != ATA_BUSY)
		return;
	if (c->dma)
		dma_next(d);
	else
		pio_next(d);
}

static bool transfer_valid(const struct ide_cd *c)
{
	if (c->op != CD_REPLY && c->op != CD_READ)
		return true;
	if (c->done >= c->total || (!c->dma && c->limit < 2))
		return false;
	return c->op == CD_READ || (c->len == c->total && c->total <= CD_BUFFER);
}

bool cd_valid(const struct dev *d)
{
	const struct ide_cd *c = cd_state(d);

	if (!ata_valid(d) || !transfer_valid(c))
		return false;
	switch ((enum ata_phase)c->a.phase) {
	case ATA_IDLE:
	case ATA_RESET:
		return c->op == CD_NONE && !c->len;
	case ATA_PIO_OUT:
		return c->op == CD_COMMAND && c->a.end == CD_PACKET && c->len == CD_PACKET;
	case ATA_PIO_IN:
		if (c->op == CD_NONE)
			return c->a.end == c->len;
		return c->op != CD_COMMAND && !c->dma && c->a.end == skip(c) + piece(c) &&
		       c->a.pos >= skip(c) && c->a.end <= c->len;
	case ATA_DMA:
		return c->op >= CD_REPLY && c->dma && !c->done;
	case ATA_BUSY:
		return c->op == CD_READ && !c->a.end && !c->len &&
		       c->dma == !!(c->a.status & STATUS_DRQ) && !(c->dma && c->done % 512);
	}
	return false;
}
