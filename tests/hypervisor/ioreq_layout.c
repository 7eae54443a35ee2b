/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hypervisor/public/ioreq.h against Xen's own header, byte by byte. */
#include "config.h"
#include "hypervisor/public/ioreq.h"
#include "hypervisor/seam.h"
#include "tests/test.h"

#ifdef CONFIG_XEN
#include <xen/xen.h>

#include <xen/hvm/ioreq.h>

#define SAME(ours, theirs, m) EQ(offsetof(theirs, m), offsetof(ours, m))

TEST(plain_fields)
{
	EQ(sizeof(ioreq_t), sizeof(struct hv_ioreq));
	SAME(struct hv_ioreq, ioreq_t, addr);
	SAME(struct hv_ioreq, ioreq_t, data);
	SAME(struct hv_ioreq, ioreq_t, count);
	SAME(struct hv_ioreq, ioreq_t, size);
	SAME(struct hv_ioreq, ioreq_t, vp_eport);
	SAME(struct hv_ioreq, ioreq_t, type);
	EQ(HV_IOREQ_SLOTS * sizeof(ioreq_t), sizeof(struct hv_ioreq_page));
}

/* Bit fields have no offset: set one of theirs, read ours, and nothing else may be set. */
TEST(bit_fields)
{
	ioreq_t theirs;
	struct hv_ioreq ours, want;

#define FIELD(name, value)                    \
	memset(&theirs, 0, sizeof(theirs));   \
	memset(&want, 0, sizeof(want));       \
	theirs.name = (value);                \
	want.name = (value);                  \
	memcpy(&ours, &theirs, sizeof(ours)); \
	EQM(&want, &ours, sizeof(ours))
	FIELD(state, 0xf);
	FIELD(data_is_ptr, 1);
	FIELD(dir, 1);
	FIELD(df, 1);
	FIELD(type, 0xff);
#undef FIELD
}

TEST(buffered_ring)
{
	buf_ioreq_t theirs = {.type = 1, .dir = 1, .size = 3, .addr = 0xabcde, .data = 0x12345678};
	struct hv_buf_ioreq ours;

	EQ(sizeof(buf_ioreq_t), sizeof(ours));
	memcpy(&ours, &theirs, sizeof(ours));
	EQ(1, ours.type);
	EQ(1, ours.dir);
	EQ(3, ours.size);
	EQ(0xabcde, hv_buf_addr(&ours));
	EQ(0x12345678, ours.data);
	EQ(IOREQ_BUFFER_SLOT_NUM, HV_BUF_SLOTS);
	EQ(offsetof(buffered_iopage_t, read_pointer), offsetof(struct hv_buf_page, read_pointer));
	EQ(offsetof(buffered_iopage_t, write_pointer), offsetof(struct hv_buf_page, write_pointer));
	EQ(offsetof(buffered_iopage_t, buf_ioreq), offsetof(struct hv_buf_page, buf));
}

TEST(values)
{
	EQ(IOREQ_TYPE_PIO, HV_IOREQ_PIO);
	EQ(IOREQ_TYPE_COPY, HV_IOREQ_COPY);
	EQ(IOREQ_TYPE_PCI_CONFIG, HV_IOREQ_PCI_CONFIG);
	EQ(IOREQ_TYPE_TIMEOFFSET, HV_IOREQ_TIMEOFFSET);
	EQ(IOREQ_TYPE_INVALIDATE, HV_IOREQ_INVALIDATE);
	EQ(IOREQ_READ, HV_IOREQ_READ);
	EQ(IOREQ_WRITE, HV_IOREQ_WRITE);
	EQ(STATE_IOREQ_NONE, HV_IOREQ_NONE);
	EQ(STATE_IOREQ_READY, HV_IOREQ_READY);
	EQ(STATE_IOREQ_INPROCESS, HV_IOREQ_INPROCESS);
	EQ(STATE_IORESP_READY, HV_IOREQ_RESP_READY);
}
#endif

/* Each part of what a remote device model shares fills whole pages. */
TEST(seam_pages)
{
	EQ(4096, sizeof(struct hv_ioreq_page));
	EQ(4096, sizeof(struct hv_buf_page));
	EQ(5 * 4096, sizeof(struct seam_page));
	EQ(4096, offsetof(struct seam_page, ring));
	EQ(8192, offsetof(struct seam_page, lines));
	EQ(12288, offsetof(struct seam_page, msis));
	EQ(16384, offsetof(struct seam_page, bells));
}
