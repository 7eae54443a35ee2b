/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/seam.h: what hvm-core and a remote device model share: the pages, the
 * messages on the control socket. Either side distrusts what the other can write.
 *
 * Descriptors come with the reply to HELLO: seam memory, guest RAM, page flags, the
 * page of the clock (read only), the device model's bell, the core's bell, then a bell
 * for each vCPU (eventfds). The device model's bell also tells that the clock changed.
 */
#ifndef HYPERVISOR_SEAM_H
#define HYPERVISOR_SEAM_H
#include "hypervisor/public/hv.h"

#define SEAM_MAGIC   0x6d616573u /* "seam" */
#define SEAM_VERSION 5

/* ---- pages ---- */
#define SEAM_MSIS 254
struct seam_lines {          /* written by the device model */
	uint32_t generation; /* moves after each counter */
	uint32_t counter[HV_LINES];
};
struct seam_msis { /* ring; producer: the device model */
	uint32_t producer, consumer;
	struct {
		uint64_t addr;
		uint32_t data, pad;
	} msi[SEAM_MSIS];
};
struct seam_bells {
	uint64_t pending[HV_IOREQ_SLOTS / 64]; /* slots that the core made READY */
	/* Non-zero: that side sleeps, or is about to, and wants its eventfd written. */
	uint32_t dm_asleep, core_asleep;
	uint32_t vcpu_asleep[HV_IOREQ_SLOTS];
	uint32_t triple_fault; /* the core says so; the device model takes it back */
};
struct seam_page {
	union {
		struct hv_ioreq_page ioreq;
		uint8_t page0[4096];
	};
	union {
		struct hv_buf_page ring;
		uint8_t page1[4096];
	};
	union {
		struct seam_lines lines;
		uint8_t page2[4096];
	};
	union {
		struct seam_msis msis;
		uint8_t page3[4096];
	};
	union {
		struct seam_bells bells;
		uint8_t page4[4096];
	};
};

/* ---- messages: one struct each way, requests answered in order ---- */
enum seam_op {
	SEAM_HELLO = 1, /* a0 magic, a1 version → a0 version, a1 vcpus, a2 RAM, a3 RAM below 4G */
	SEAM_SERVER_NEW,      /* a0 bufioreq → a0 id */
	SEAM_SERVER_FREE,     /* a0 id */
	SEAM_SERVER_STATE,    /* a0 id, a1 enabled */
	SEAM_MAP_RANGE,       /* a0 id, a1 type, a2 start, a3 end */
	SEAM_UNMAP_RANGE,     /* the same */
	SEAM_ADOPT,           /* a0 slot, a1 counter */
	SEAM_LINK_ROUTE,      /* a0 link, a1 irq */
	SEAM_MSI,             /* a0 address, a1 data: when the ring is full */
	SEAM_NMI,             /* a0 vcpu */
	SEAM_RAM_CREATE,      /* a0 size, text name → a0 region, and its descriptor */
	SEAM_MAP,             /* a0 gpa, a1 region, a2 offset, a3 length, a4 rd, a5 wr */
	SEAM_UNMAP,           /* a0 gpa, a1 length */
	SEAM_TRACK_DIRTY,     /* a0 first gfn, a1 pages → bitmap after the struct */
	SEAM_MODIFIED_MEMORY, /* a0 first gfn, a1 pages */
	SEAM_A20,             /* a0 on */
	SEAM_RESET,           /* a0 enum hv_reset */
	SEAM_SHUTDOWN,        /* a0 enum hv_shutdown */
	SEAM_QUIESCE,         /* a0 stop → a0 vCPUs that still wait for an answer */
	SEAM_HOLD,
	SEAM_ENTRY,    /* a0 there is one, a1 eip | eax, a2 ebx | esi, a3 cs | ds, a4 gdt_base |
		     * gdt_limit, the second of each << 32 */
	SEAM_PM_PLACE, /* a0 base, a1 on */
	SEAM_PM_EVENT, /* a0 bits of PM1_STS */
	SEAM_STATS,    /* a0 vcpu, or ~0, a1 sizeof(struct engine_stats) → it, after the struct */
	SEAM_BYE,      /* orderly end */
	SEAM_OPS
};
struct seam_msg {
	uint32_t op;
	int32_t rc; /* of a reply */
	uint64_t a[6];
	char text[32];
};
#define SEAM_BITMAP ((1u << 30) / 4096 / 8) /* most that follows a reply */
enum seam_fd {
	SEAM_FD_PAGES,
	SEAM_FD_RAM,
	SEAM_FD_FLAGS,
	SEAM_FD_CLOCK,
	SEAM_FD_DM,
	SEAM_FD_CORE,
	SEAM_FD_VCPU
};
#define SEAM_FDS (SEAM_FD_VCPU + HV_IOREQ_SLOTS)
/* Of the clock's page: it keeps its size, and only the core writes it. */
#define TIME_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)
#endif
