/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/public/hv.h: the seam. What a device model asks of a hypervisor
 * core, whichever it is: embedded in this process, remote (hvm-core), or Xen.
 *
 * Names and meanings are those of Xen's dm_op where there is one
 * (<xen/hvm/dm_op.h>); layouts of ioreq and the buffered ring are Xen's own
 * (<xen/hvm/ioreq.h>). All calls return 0 or -errno unless said otherwise, and
 * never wait for a vCPU while the device lock is held.
 */
#ifndef HYPERVISOR_PUBLIC_HV_H
#define HYPERVISOR_PUBLIC_HV_H
#include "base/err.h"
#include "base/loop.h"
#include "hypervisor/public/ioreq.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hv;
struct engine_stats;

enum hv_range { HV_RANGE_PORT, HV_RANGE_MEMORY, HV_RANGE_PCI /* SBDF */ };
enum hv_shutdown {
	HV_SHUTDOWN_POWEROFF,
	HV_SHUTDOWN_REBOOT,
	HV_SHUTDOWN_SUSPEND,
	HV_SHUTDOWN_CRASH,
	HV_SHUTDOWN_WATCHDOG,
	HV_SHUTDOWN_SOFT_RESET
};
enum hv_reset { HV_RESET_CPU, HV_RESET_MACHINE };
/* What a 4K-multiple of guest space is backed by, for reads and for writes. */
enum hv_source {
	HV_SRC_NONE /* to the ioreq servers */,
	HV_SRC_RAM,
	HV_SRC_ROM,  /* writes dropped */
	HV_SRC_BELOW /* what the maps below say: shadow RAM that is only written (PAM 10b) */
};
/* A byte for each guest page below 1 TiB, in memory shared with the core. Who writes guest RAM
 * puts a full fence after it and looks: LOG asks for DIRTY to be set, CODE for modified_memory
 * before the completion shows. dma_unmap does both. OPEN: guest code may write there without a
 * look. */
enum hv_page_flag { HV_PAGE_CODE = 1, HV_PAGE_LOG = 2, HV_PAGE_DIRTY = 4, HV_PAGE_OPEN = 8 };

/*
 * Line slots: one counter each, odd = high; the holder of a slot is the only
 * one to move it. The core ORs slots that reach one pin with its own devices.
 */
#define HV_LINE_ISA(irq)          (irq)                     /* 0-15 */
#define HV_LINE_INTX(device, pin) (16 + (device)*4 + (pin)) /* 32 devices x 4 */
#define HV_LINES                  (16 + 32 * 4)

/* The device model's side: called with a private copy of the request, on the thread that owns
 * the devices and under the device lock; fills req->data for reads. */
struct hv_client {
	void (*ioreq)(void *arg, struct hv_ioreq *req, unsigned vcpu);
	/* A write from the buffered ring (never answered). */
	void (*buffered)(void *arg, struct hv_ioreq *req);
	void (*gone)(void *arg, const char *why); /* the core died or hung up */
	/* A vCPU of a remote core met a triple fault and stands still until a reset. */
	void (*triple_fault)(void *arg);
	void *arg;
};

/* A start without firmware: flat 32-bit protected mode, paging and interrupts off. */
struct hv_entry {
	uint32_t eip, eax, ebx, esi;
	uint16_t cs, ds; /* selectors in the GDT; ds is es, fs, gs and ss too */
	uint32_t gdt_base, gdt_limit;
};

struct hv_ops {
	const char *name;             /* "embedded", "remote", "xen" */
	void (*close)(struct hv *hv); /* servers die, mappings go, hv is freed */
	int (*attach)(struct hv *hv, struct loop *loop, const struct hv_client *client,
		      struct err *e);

	int (*create_ioreq_server)(struct hv *hv, bool bufioreq, uint16_t *id);
	int (*destroy_ioreq_server)(struct hv *hv, uint16_t id);
	int (*set_ioreq_server_state)(struct hv *hv, uint16_t id, bool enabled);
	/* start … end inclusive. -EEXIST: overlaps an own range; unmap: -ENOENT unless exactly one.
	 */
	int (*map_io_range)(struct hv *hv, uint16_t id, enum hv_range type, uint64_t start,
			    uint64_t end);
	int (*unmap_io_range)(struct hv *hv, uint16_t id, enum hv_range type, uint64_t start,
			      uint64_t end);

	/* Stores the new counter of a slot. Visible to the vCPU before the response of the access
	 * that it belongs to. adopt: no edge is taken from it (after a load). */
	int (*line)(struct hv *hv, unsigned slot, uint32_t counter, bool adopt);
	int (*set_pci_link_route)(struct hv *hv, unsigned link, unsigned isa_irq); /* 0 = off */
	/* PM1 status and enable, which are the core's, at base, its timer at base + 8; or off.
	 * Xen has them where its toolstack said. */
	int (*pm_place)(struct hv *hv, uint16_t base, bool on);
	/* Bits of PM1_STS came true: 0x100 is the power button. -ENOTSUP on Xen, whose toolstack
	 * presses it. */
	int (*pm_event)(struct hv *hv, uint16_t status);
	int (*inject_msi)(struct hv *hv, uint64_t addr, uint32_t data);
	int (*inject_nmi)(struct hv *hv, unsigned vcpu);

	/* Backing stores other than the domain's RAM (region 0): VRAM, ROMs; zeros. fd: a memfd,
	 * stays the core's; -1 where the transport has none. On Xen: populated physmap, mapped. */
	int (*ram_create)(struct hv *hv, const char *name, uint64_t size, unsigned *region);
	int (*ram_ptr)(struct hv *hv, unsigned region, void **p); /* host view of it, writable */
	/* [gpa, gpa+len) reads from / writes to `region` at `off` (page multiples); region 0 with
	 * the same offset is how PAM gives shadow RAM back. Later maps win where they overlap; a
	 * map of the same gpa, len and region replaces the old one. Before any map, 0xa0000-0xfffff
	 * belongs to the ioreq servers (on Xen 0xc0000-0xfffff is RAM). */
	int (*map)(struct hv *hv, uint64_t gpa, unsigned region, uint64_t off, uint64_t len,
		   enum hv_source rd, enum hv_source wr);
	/* Back to what lay below: takes away the newest map of exactly this range. -ENOENT. */
	int (*unmap)(struct hv *hv, uint64_t gpa, uint64_t len);
	/* RAM at gpa: pointer, *len clipped to what is contiguous in host memory; NULL = not RAM,
	 * or not writable. Pairs with dma_unmap, which marks what was written: dirty log, CODE
	 * pages. */
	void *(*dma_map)(struct hv *hv, uint64_t gpa, size_t *len, bool write);
	void (*dma_unmap)(struct hv *hv, void *p, uint64_t gpa, size_t written);
	/* One bit a page, cleared by the read; -ENODATA: treat all as dirty. nr 0 stops it. */
	int (*track_dirty)(struct hv *hv, uint64_t first_gfn, uint64_t nr, uint8_t *bitmap);
	int (*modified_memory)(struct hv *hv, uint64_t first_gfn, uint64_t nr);

	int (*a20)(struct hv *hv, bool on);
	int (*reset)(struct hv *hv, enum hv_reset what);
	int (*shutdown)(struct hv *hv, enum hv_shutdown why);
	/* Where the first vCPU starts, now and after each reset; NULL: at the reset vector. Copied.
	 * Quiesced. NULL where the core loads the guest itself (Xen). */
	int (*entry)(struct hv *hv, const struct hv_entry *entry);
	/* vCPUs stop soon, until the core is quiesced and let go, or reset: the guest asked for
	 * something that is about to happen. Also from a request. NULL: the transport cannot. */
	int (*hold)(struct hv *hv);
	/* true: vCPUs are stopped, the buffered ring is drained, no DMA map is held by the core. */
	int (*quiesce)(struct hv *hv, bool stop);
	unsigned (*nr_vcpus)(struct hv *hv);
	/* The guest's virtual time, ns, owned by the core: it stands still while quiesced. < 0: the
	 * transport has none, the device model's own clock is all there is. */
	int64_t (*now)(struct hv *hv);
	/* What runs the vCPUs has counted this (hypervisor/x86/stats.h), of one or, ~0u, of all.
	 * -ENOTSUP: nothing runs them. NULL: the core does not say (Xen). */
	int (*stats)(struct hv *hv, unsigned vcpu, struct engine_stats *s);
	/* NULL where the machine's clock is the domain's (embedded) or the core shares none (Xen).
	 * c, a CLOCK_FOLLOWER that outlives hv, shows the domain's time from now on; the core stops
	 * and starts it in quiesce. */
	int (*follow)(struct hv *hv, struct clock *c);
};
struct hv {
	const struct hv_ops *ops;
};

/* The transports. NULL and a sentence on failure. */
struct domain;
struct hv *hv_embedded_open(struct domain *dom, struct err *e); /* dom outlives it */
struct hv *hv_remote_open(int socket, struct err *e);           /* to hvm-core; fd is taken over */
struct hv *hv_xen_open(unsigned domid, struct err *e);          /* only in a build with libxen */
void hv_xen_log_dirty(struct hv *hv, bool on); /* a migration wants every write of ours */
#endif
