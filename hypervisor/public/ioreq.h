/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/public/ioreq.h: the ioreq slot and the buffered ring, as Xen lays
 * them out (public headers xen/hvm/ioreq.h; sizes checked in tests). The structs
 * stand here so that a build without Xen's headers has them; tests/hypervisor
 * compares every offset with <xen/hvm/ioreq.h> where it is installed.
 */
#ifndef HYPERVISOR_PUBLIC_IOREQ_H
#define HYPERVISOR_PUBLIC_IOREQ_H
#include <stdint.h>

enum hv_ioreq_type {
	HV_IOREQ_PIO = 0,
	HV_IOREQ_COPY = 1,       /* MMIO */
	HV_IOREQ_PCI_CONFIG = 2, /* addr = SBDF << 32 | register */
	HV_IOREQ_TIMEOFFSET = 7,
	HV_IOREQ_INVALIDATE = 8,
};
enum hv_ioreq_state { HV_IOREQ_NONE, HV_IOREQ_READY, HV_IOREQ_INPROCESS, HV_IOREQ_RESP_READY };
enum { HV_IOREQ_WRITE = 0, HV_IOREQ_READ = 1 };

struct hv_ioreq {
	uint64_t addr;  /* guest physical address or port of the first unit */
	uint64_t data;  /* value, or guest physical address when data_is_ptr */
	uint32_t count; /* units of a rep instruction */
	uint32_t size;  /* bytes of a unit */
	uint32_t vp_eport;
	uint16_t pad;
	uint8_t state : 4, data_is_ptr : 1, dir : 1, df : 1, pad1 : 1;
	uint8_t type;
};
#define HV_IOREQ_SLOTS 128
struct hv_ioreq_page {
	struct hv_ioreq vcpu_ioreq[HV_IOREQ_SLOTS];
};

struct hv_buf_ioreq {
	uint8_t type, pad : 1, dir : 1, size : 2, addr_lo : 4;
	uint16_t addr_hi; /* 20-bit address; see hv_buf_addr */
	uint32_t data;
};
#define HV_BUF_SLOTS 511 /* fills the page with the two pointers */
struct hv_buf_page {
	uint32_t read_pointer, write_pointer; /* free running, modulo slots */
	struct hv_buf_ioreq buf[HV_BUF_SLOTS];
};
static inline uint32_t hv_buf_addr(const struct hv_buf_ioreq *b)
{
	return (uint32_t)b->addr_hi << 4 | b->addr_lo;
}
#endif
