/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/ide/ide_hd_io.c: how a disk moves data: PIO through its buffer, DMA
 * straight between guest memory and the image, TRIM ranges one by one.
 *
 * One request is in flight at a time. The rows tell what it was (op, lba, left),
 * so a restored drive starts it again: each is harmless when done twice.
 */
#include "hw/ide/ide_hd.h"

#include <errno.h>

enum {
	DMA_STATUS = STATUS_DRDY | STATUS_DSC | STATUS_DRQ,
	BUSY_STATUS = STATUS_DRDY | STATUS_DSC | STATUS_BSY
};

static void dma_next(struct dev *d);
static void trim_next(struct dev *d);
static void read_next(struct dev *d);

/* ---- addresses (6.2) ---- */

static uint64_t task_lba(const struct dev *d, bool lba48)
{
	const struct ata *a = ata_of(d);
	uint32_t low = (uint32_t)a->lba_high << 16 | (uint32_t)a->lba_mid << 8 | a->lba_low;

	if (!(a->device & DEVICE_LBA)) {
		uint64_t track = (low >> 8) * (uint64_t)hd_heads(d) + (a->device & DEVICE_HEAD);

		return track * hd_sectors(d) + a->lba_low - 1; /* sector 0: no such sector */
	}
	if (!lba48)
		return (uint64_t)(a->device & DEVICE_HEAD) << 24 | low;
	return (uint64_t)a->hob_high << 40 | (uint64_t)a->hob_mid << 32 |
	       (uint64_t)a->hob_low << 24 | low;
}

void hd_show_lba(struct dev *d, uint64_t lba, bool lba48)
{
	struct ata *a = ata_of(d);
	uint64_t v = lba;
	uint8_t head = (uint8_t)(lba >> 24);

	if (!(a->device & DEVICE_LBA)) {
		uint64_t track = lba / hd_sectors(d);

		v = track / hd_heads(d) << 8 | (lba % hd_sectors(d) + 1);
		head = (uint8_t)(track % hd_heads(d));
	} else if (lba48) {
		a->hob_low = (uint8_t)(lba >> 24);
		a->hob_mid = (uint8_t)(lba >> 32);
		a->hob_high = (uint8_t)(lba >> 40);
		head = a->device;
	}
	a->lba_low = (uint8_t)v;
	a->lba_mid = (uint8_t)(v >> 8);
	a->lba_high = (uint8_t)(v >> 16);
	a->device = (uint8_t)((a->device & ~DEVICE_HEAD) | (head & DEVICE_HEAD));
}

static uint32_t task_count(const struct dev *d, bool lba48)
{
	const struct ata *a = ata_of(d);
	uint32_t n = lba48 ? (uint32_t)a->hob_nsector << 8 | a->nsector : a->nsector;

	return n ? n : lba48 ? 65536 : 256;
}

static bool in_range(const struct dev *d, uint64_t lba, uint64_t n)
{
	return lba < hd_capacity(d) && n <= hd_capacity(d) - lba;
}

static void begin(struct dev *d, enum hd_op op, bool lba48)
{
	struct ide_hd *h = hd_state(d);

	h->op = (uint8_t)op;
	h->lba48 = lba48;
	h->lba = task_lba(d, lba48);
	h->left = task_count(d, lba48);
	h->moved = 0;
	h->more = false;
	h->careful = false;
	h->ahead = 0;
}

static void progress(struct dev *d, uint32_t n)
{
	struct ide_hd *h = hd_state(d);

	h->lba += n;
	h->left -= n;
	h->moved += n;
	h->a.nsector = (uint8_t)h->left;
	h->a.hob_nsector = h->lba48 ? (uint8_t)(h->left >> 8) : h->a.hob_nsector;
	hd_show_lba(d, h->lba, h->lba48);
}

bool hd_verify(struct dev *d, bool lba48)
{
	return in_range(d, task_lba(d, lba48), task_count(d, lba48));
}

static void end(struct dev *d, uint8_t error)
{
	struct ide_hd *h = hd_state(d);
	bool dma = h->op == HD_DMA_READ || h->op == HD_DMA_WRITE || h->op == HD_TRIM;

	h->op = HD_NONE;
	if (dma)
		ide_dma_done(d, h->more && !error);
	if (error)
		ata_fail(d, error);
	else
		ata_done(d);
}

/* ---- requests ---- */

static void unmap(struct dev *d)
{
	struct ide_hd_host *h = hd_host(d);

	if (h->mapped)
		ide_dma_unmap(d, &h->dma);
	h->mapped = false;
}

static void submit(struct dev *d, enum blk_op op, uint64_t lba, uint64_t sectors)
{
	struct ide_hd_host *h = hd_host(d);

	h->req.op = op;
	h->req.offset = lba * SECTOR;
	h->req.bytes = sectors * SECTOR;
	h->in_flight = true;
	blk_submit(h->drive->blk, &h->req);
}

static void submit_buffer(struct dev *d, enum blk_op op, void *buf, uint32_t sectors)
{
	struct ide_hd_host *h = hd_host(d);

	h->req.iov[0] = (struct iovec){.iov_base = buf, .iov_len = (size_t)sectors * SECTOR};
	h->req.iovcnt = 1;
	hd_state(d)->moving = sectors;
	submit(d, op, hd_state(d)->lba, sectors);
}

/* A write that was answered is on the medium when the guest has switched the cache off. */
static bool must_flush(struct dev *d)
{
	struct ide_hd *h = hd_state(d);
	bool write = h->op == HD_WRITE || h->op == HD_DMA_WRITE;

	return write && !h->write_cache && !h->flushing;
}

static void block_read(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	progress(d, h->chunk);
	ata_pio_in(d, (uint32_t)h->chunk * SECTOR);
}

static void offer_block(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	h->chunk = (uint8_t)MIN(h->left, h->block);
	ata_pio_out(d, (uint32_t)h->chunk * SECTOR);
}

static void write_done(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	progress(d, h->chunk);
	if (!h->left) {
		end(d, 0);
		return;
	}
	offer_block(d);
	ide_interrupt(d);
}

static void dma_done(struct dev *d)
{
	struct ide_hd_host *h = hd_host(d);
	uint32_t sectors = hd_state(d)->moving;

	if (hd_state(d)->op == HD_DMA_READ && !h->mapped)
		ide_dma_copy(d, (uint64_t)hd_state(d)->moved * SECTOR, h->bounce,
			     (size_t)sectors * SECTOR, true);
	unmap(d);
	progress(d, sectors);
	if (hd_state(d)->left)
		dma_next(d);
	else
		end(d, 0);
}

static void request_succeeded(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	switch ((enum hd_op)h->op) {
	case HD_READ:
		h->ahead = (uint32_t)hd_host(d)->req.bytes - h->chunk * SECTOR;
		block_read(d);
		break;
	case HD_WRITE:
		write_done(d);
		break;
	case HD_DMA_READ:
	case HD_DMA_WRITE:
		dma_done(d);
		break;
	case HD_TRIM:
		h->a.pos += 8;
		trim_next(d);
		break;
	case HD_FLUSH:
		end(d, 0);
		break;
	case HD_NONE:
		break;
	}
}

void hd_request_done(struct blk_req *r, int rc)
{
	struct dev *d = r->arg;
	bool flush = !rc && must_flush(d);

	hd_host(d)->in_flight = false;
	hd_state(d)->flushing = flush;
	if (flush) {
		submit(d, BLK_FLUSH, 0, 0);
		return;
	}
	if (rc < 0 && hd_state(d)->op == HD_READ && r->iovcnt > 1) {
		hd_state(d)->careful = true;
		read_next(d);
	} else if (rc < 0) {
		unmap(d);
		end(d, r->op == BLK_READ ? ERROR_UNC : ERROR_ABRT);
	} else {
		request_succeeded(d);
	}
	ide_changed(d);
}

/* ---- PIO ---- */

/*
 * Firmware and boot loaders poll for sector after sector. What a command still wants is read along
 * with a block, so that they wait for one request and not for thirty. With INTRQ on the drive is
 * not as fast: a driver that looks at STATUS once more after a block would lose the next one's.
 */
static void read_ahead(struct dev *d)
{
	struct ide_hd *h = hd_state(d);
	struct blk_req *r = &hd_host(d)->req;
	uint64_t room = hd_capacity(d) - h->lba - h->chunk;
	uint32_t n = (uint32_t)MIN(MIN(h->left - h->chunk, (uint32_t)HD_AHEAD), room);

	r->iov[0] = (struct iovec){.iov_base = h->data, .iov_len = (size_t)h->chunk * SECTOR};
	r->iov[1] = (struct iovec){.iov_base = h->ahead_data, .iov_len = (size_t)n * SECTOR};
	r->iovcnt = n ? 2 : 1;
	submit(d, BLK_READ, h->lba, h->chunk + n);
}

static bool was_read_ahead(struct dev *d)
{
	struct ide_hd *h = hd_state(d);
	uint32_t bytes = (uint32_t)h->chunk * SECTOR;

	if (h->ahead < bytes || !ide_polled(d)) {
		h->ahead = 0;
		return false;
	}
	h->ahead -= bytes;
	memcpy(h->data, h->ahead_data, bytes);
	memmove(h->ahead_data, h->ahead_data + bytes, h->ahead);
	return true;
}

static void read_next(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	h->chunk = (uint8_t)MIN(h->left, h->block);
	if (!in_range(d, h->lba, h->chunk)) {
		end(d, ERROR_ABRT);
		return;
	}
	if (was_read_ahead(d)) {
		block_read(d);
		return;
	}
	ata_busy(d, BUSY_STATUS);
	h->a.pos = h->a.end = 0;
	if (ide_polled(d) && !h->careful)
		read_ahead(d);
	else
		submit_buffer(d, BLK_READ, h->data, h->chunk);
}

void hd_read(struct dev *d, bool multiple, bool lba48)
{
	struct ide_hd *h = hd_state(d);

	if (multiple && !h->mult) {
		ata_fail(d, ERROR_ABRT);
		return;
	}
	h->block = multiple ? h->mult : 1;
	begin(d, HD_READ, lba48);
	read_next(d);
}

void hd_write(struct dev *d, bool multiple, bool lba48)
{
	struct ide_hd *h = hd_state(d);

	if (multiple && !h->mult) {
		ata_fail(d, ERROR_ABRT);
		return;
	}
	h->block = multiple ? h->mult : 1;
	begin(d, HD_WRITE, lba48);
	offer_block(d);
}

static void write_block(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	if (!in_range(d, h->lba, h->chunk)) {
		end(d, ERROR_ABRT);
		return;
	}
	ata_busy(d, BUSY_STATUS);
	submit_buffer(d, BLK_WRITE, h->data, h->chunk);
}

void hd_pio_end(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	if (h->op == HD_WRITE) {
		write_block(d);
	} else if (h->op == HD_READ && h->left) {
		read_next(d);
	} else {
		h->op = HD_NONE;
		ata_finish(d);
	}
}

void hd_flush(struct dev *d)
{
	hd_state(d)->op = HD_FLUSH;
	ata_busy(d, STATUS_DRDY | STATUS_BSY);
	submit(d, BLK_FLUSH, 0, 0);
}

/* ---- DMA ---- */

void hd_dma(struct dev *d, enum hd_op op, bool lba48)
{
	begin(d, op, lba48);
	ata_wait_dma(d);
}

void hd_trim(struct dev *d)
{
	begin(d, HD_TRIM, false);
	hd_state(d)->left = ata_of(d)->nsector; /* here 0 means none */
	ata_wait_dma(d);
}

static void dma_next(struct dev *d)
{
	struct ide_hd *h = hd_state(d);
	struct ide_hd_host *host = hd_host(d);
	bool read = h->op == HD_DMA_READ;
	uint64_t from = (uint64_t)h->moved * SECTOR;
	size_t bytes;

	ata_busy(d, DMA_STATUS);
	host->dma.to_ram = read;
	bytes = ide_dma_map(d, from, (size_t)h->left * SECTOR, &host->dma);
	if (bytes) {
		host->mapped = true;
		host->req.iovcnt = host->dma.n;
		for (unsigned i = 0; i < host->dma.n; i++)
			host->req.iov[i] = (struct iovec){host->dma.p[i], host->dma.len[i]};
		h->moving = (uint32_t)(bytes / SECTOR);
		submit(d, read ? BLK_READ : BLK_WRITE, h->lba, h->moving);
		return;
	}
	bytes = MIN((size_t)h->left * SECTOR, sizeof(host->bounce));
	if (!read)
		ide_dma_copy(d, from, host->bounce, bytes, false);
	submit_buffer(d, read ? BLK_READ : BLK_WRITE, host->bounce, (uint32_t)(bytes / SECTOR));
}

/* The next blocks of ranges, as many as the buffer holds. */
static void trim_load(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	if (!h->left) {
		end(d, 0);
		return;
	}
	ata_busy(d, DMA_STATUS);
	h->chunk = (uint8_t)MIN(h->left, HD_MULT);
	h->a.pos = 0;
	h->a.end = (uint32_t)h->chunk * SECTOR;
	ide_dma_copy(d, (uint64_t)h->moved * SECTOR, h->data, h->a.end, false);
	trim_next(d);
}

static void trim_next(struct dev *d)
{
	struct ide_hd *h = hd_state(d);

	for (; h->a.pos < h->a.end; h->a.pos += 8) {
		uint64_t entry = load_le(h->data + h->a.pos, 8);
		uint64_t lba = entry & ((1ull << 48) - 1), n = entry >> 48;

		if (!n)
			continue;
		if (!in_range(d, lba, n)) {
			end(d, ERROR_ABRT);
			return;
		}
		submit(d, BLK_DISCARD, lba, n);
		return;
	}
	h->moved += h->chunk;
	h->left -= h->chunk;
	trim_load(d);
}

/* The table is measured first: when it is too short nothing moves, and there is neither an
 * interrupt nor an error bit (QEMU; SFF-8038i leaves it to the driver's time-out). */
void hd_dma_start(struct dev *d)
{
	struct ide_hd *h = hd_state(d);
	uint64_t need = (uint64_t)h->left * SECTOR, have = need ? ide_dma_length(d, need) : 0;

	if (have < need) {
		h->op = HD_NONE;
		ata_finish(d);
		ide_dma_done(d, false);
		return;
	}
	h->more = have > need;
	if (h->op == HD_TRIM)
		trim_load(d);
	else if (in_range(d, h->lba, h->left))
		dma_next(d);
	else
		end(d, ERROR_ABRT);
}

/* ---- life ---- */

/* A stopped bus master must not leave half a command on the medium. */
void hd_finish(struct dev *d)
{
	struct ide_hd_host *h = hd_host(d);

	if (h->in_flight)
		blk_drain(h->drive->blk);
	if (!h->in_flight)
		return;
	blk_cancel(&h->req); /* it failed, and waits for somebody to make room */
	hd_request_done(&h->req, -EIO);
}

void hd_cancel(struct dev *d)
{
	struct ide_hd_host *h = hd_host(d);

	if (h->in_flight)
		blk_cancel(&h->req);
	h->in_flight = false;
	unmap(d);
	hd_state(d)->op = HD_NONE;
	hd_state(d)->flushing = false;
	hd_state(d)->ahead = 0;
}

static void restart(struct dev *d, enum hd_op op)
{
	switch (op) {
	case HD_READ:
		read_next(d);
		break;
	case HD_WRITE:
		write_block(d);
		break;
	case HD_DMA_READ:
	case HD_DMA_WRITE:
		dma_next(d);
		break;
	case HD_TRIM:
		trim_next(d);
		break;
	case HD_FLUSH:
		hd_flush(d);
		break;
	case HD_NONE:
		break;
	}
}

void hd_resume(struct dev *d)
{
	struct ide_hd *h = hd_state(d);
	enum hd_op op = h->op;
	uint32_t ahead = h->ahead;
	bool flushing = h->flushing;

	hd_cancel(d);
	h->op = (uint8_t)op;
	h->ahead = ahead;
	h->flushing = flushing;
	if (flushing)
		submit(d, BLK_FLUSH, 0, 0);
	else if (h->a.phase == ATA_BUSY)
		restart(d, op);
}

/* A buffer with that many sectors in it, for a command that still has them to move. */
static bool chunk_valid(const struct ide_hd *h, uint32_t end)
{
	return h->chunk && h->chunk <= h->left && end == (uint32_t)h->chunk * SECTOR;
}

/* Written, not yet flushed: only with the write cache off, and of what is still to do. */
static bool flushing_valid(const struct ide_hd *h)
{
	bool write = h->op == HD_WRITE || h->op == HD_DMA_WRITE;

	if (!h->flushing)
		return true;
	return h->a.phase == ATA_BUSY && write && h->moving && h->moving <= h->left;
}

static bool ahead_valid(const struct ide_hd *h)
{
	bool reads = h->op == HD_READ && h->a.phase == ATA_PIO_IN;

	return !h->ahead || (reads && !(h->ahead % SECTOR) && h->ahead / SECTOR <= h->left);
}

static bool busy_valid(const struct ide_hd *h)
{
	bool drq = h->a.status & STATUS_DRQ;

	switch ((enum hd_op)h->op) {
	case HD_READ:
		return !drq && h->left && h->block && !h->a.end;
	case HD_WRITE:
		return !drq && h->chunk <= h->block && chunk_valid(h, h->a.end);
	case HD_DMA_READ:
	case HD_DMA_WRITE:
		return drq && h->left && !h->a.end;
	case HD_TRIM:
		return drq && h->a.pos < h->a.end && !(h->a.pos % 8) && chunk_valid(h, h->a.end);
	case HD_FLUSH:
		return !drq && !h->a.end;
	case HD_NONE:
		break;
	}
	return false;
}

bool hd_io_valid(const struct dev *d)
{
	const struct ide_hd *h = hd_state(d);
	bool dma = h->op == HD_DMA_READ || h->op == HD_DMA_WRITE || h->op == HD_TRIM;

	if (!flushing_valid(h) || !ahead_valid(h))
		return false;
	switch ((enum ata_phase)h->a.phase) {
	case ATA_PIO_IN:
		return h->op == HD_NONE || (h->op == HD_READ && (h->block || !h->left));
	case ATA_PIO_OUT:
		return h->op == HD_WRITE && h->block && chunk_valid(h, h->a.end);
	case ATA_DMA:
		return dma && (h->left || h->op == HD_TRIM) && !h->moved;
	case ATA_BUSY:
		return busy_valid(h);
	case ATA_IDLE:
	case ATA_RESET:
		return h->op == HD_NONE;
	}
	return false;
}
