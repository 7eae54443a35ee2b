/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/core.h: struct domain, for the files of the core and its transports.
 * What a transport asks of it has the meaning of the hv_op of that name; the
 * device lock is held.
 */
#ifndef HYPERVISOR_CORE_H
#define HYPERVISOR_CORE_H
#include "base/util.h"
#include "hypervisor/domain.h"
#include "hypervisor/memmap.h"
#include "hypervisor/seam.h"

#include <pthread.h>

#define IOREQ_SERVERS 8
#define IOREQ_RANGES  256
#define PCI_LINKS     4

/* ---- ioreq servers ---- */
struct ioreq_range {
	uint64_t start, end; /* inclusive */
};
struct ioreq_ranges { /* ascending */
	struct ioreq_range v[IOREQ_RANGES];
	unsigned n;
};
struct ioreq_server;
/* How requests reach a device model. */
struct ioreq_sender {
	/* Has it answered, data into req; may let go of the lock. -EPIPE: it went away. */
	int (*send)(struct ioreq_server *s, unsigned vcpu, struct hv_ioreq *req);
	/* A write that needs no answer; false: no room now. */
	bool (*buffer)(struct ioreq_server *s, const struct hv_ioreq *req);
};
struct ioreq_server {
	bool used, enabled, bufioreq;
	uint64_t age; /* the newest is asked first */
	const struct ioreq_sender *sender;
	void *arg;
	struct ioreq_ranges ranges[HV_RANGE_PCI + 1];
};

/* ---- platform ---- */
#define PLATFORM_WINDOWS 32
struct platform_window {
	struct dev *dev;
	unsigned win; /* the device's number of it */
	struct window w;
};

/* ---- time ---- */
struct time_watch { /* the caller's storage */
	void (*fn)(void *arg);
	void *arg;
	struct time_watch *next;
};
struct shared_time {
	struct clock_page own;   /* for the threads of this process, until there is a shared one */
	struct clock_page *page; /* NULL: not shared yet */
	int fd;
	struct time_watch *watches;
};

struct domain {
	pthread_mutex_t mutex;
	pthread_t holder;
	bool held;
	unsigned waiting;       /* threads, for the lock; atomic */
	pthread_cond_t resumed; /* paused went away */
	unsigned asking;        /* vCPUs that wait for a device model, the lock let go */
	pthread_cond_t quiet;   /* one more asks, or one less runs */

	struct domain_hooks hooks, vcpu_hooks;
	bool vcpu_intr[DOMAIN_VCPUS]; /* written atomically, under the lock */
	struct clock *clock;
	bool own_clock;
	struct shared_time time;
	unsigned vcpus;
	uint64_t ram, below_4g;
	struct memmap mem;
	uint64_t tracked_first, tracked_nr;
	bool a20, paused;
	uint32_t cf8;

	struct ioreq_server *servers[IOREQ_SERVERS];
	struct ioreq_server *by_age[IOREQ_SERVERS]; /* the enabled ones, newest first */
	unsigned n_enabled;
	uint64_t ages;
	/* The device model went away unasked: what it should answer parks the vCPU. */
	bool orphaned;

	struct lines {
		uint32_t seen[HV_LINES];
		unsigned link_irq[PCI_LINKS];  /* 0 = off */
		unsigned link_high[PCI_LINKS]; /* INTx slots that hold it up */
		unsigned local[DOMAIN_PINS];   /* platform lines that hold the pin up */
		uint32_t forced, level;        /* by pin */
		struct pin_watch *watches;
		bool intr;
	} lines;

	struct dev_env platform;
	struct dev *pic, *rtc, *ioapic, *pm, *pit, *hpet;
	bool hpet_legacy; /* the 8254 and the RTC are cut off their pins */
	struct {          /* by vCPU; dev NULL: none */
		struct dev *dev;
		struct platform_window w; /* no dev: not mapped */
	} apic[DOMAIN_VCPUS];
	struct platform_window windows[PLATFORM_WINDOWS];
	unsigned n_windows;
};

/* ---- servers.c ---- */
int core_server_new(struct domain *dom, bool bufioreq, const struct ioreq_sender *sender, void *arg,
		    uint16_t *id);
int core_server_free(struct domain *dom, uint16_t id);
int core_server_enable(struct domain *dom, uint16_t id, bool on);
int core_map_range(struct domain *dom, uint16_t id, enum hv_range type, uint64_t start,
		   uint64_t end);
int core_unmap_range(struct domain *dom, uint16_t id, enum hv_range type, uint64_t start,
		     uint64_t end);
/* Newest enabled one of which a range holds start … end wholly, or NULL. */
struct ioreq_server *core_server_find(struct domain *dom, enum hv_range type, uint64_t start,
				      uint64_t end);
/* The device model behind `arg` is gone; its servers die. unasked: and whoever needs it waits. */
void core_servers_drop(struct domain *dom, const void *arg, bool unasked);

/* ---- lines.c ---- */
/* Takes over a slot's counter; the edges since the last time reach its pin, or, adopt, none. */
void core_line(struct domain *dom, unsigned slot, uint32_t counter, bool adopt);
/* The holder of all slots is gone: they fall, and count from 0 again. */
void core_lines_drop(struct domain *dom);
int core_link_route(struct domain *dom, unsigned link, unsigned isa_irq);
void core_local_line(struct domain *dom, unsigned pin, uint32_t was, uint32_t now, bool adopt);
void core_intr(struct domain *dom, bool level);
void core_msi(struct domain *dom, uint64_t addr, uint32_t data);
int core_nmi(struct domain *dom, unsigned vcpu);

/* ---- memory ---- */
/* After a device model has gone: its lines fall, its memory and maps go, so that the next one
 * finds the domain as the first did. */
void core_client_gone(struct domain *dom);
int core_track_dirty(struct domain *dom, uint64_t first_gfn, uint64_t nr, uint8_t *bitmap);
int core_modified(struct domain *dom, uint64_t first_gfn, uint64_t nr);
/* Somebody wrote RAM there: dirty marks, and the hook if it was code. */
void core_written(struct domain *dom, uint64_t gpa, uint64_t len);

/* ---- time.c ---- */
int core_time_share(struct domain *dom, struct err *e); /* again: fine */
void core_time_unshare(struct domain *dom);
/* fn is called when the clock starts, stops or jumps, the page being written. */
void core_time_watch(struct domain *dom, struct time_watch *w);
void core_time_unwatch(struct domain *dom, struct time_watch *w); /* also when not watching */

/* ---- platform.c ---- */
int platform_init(struct domain *dom, const struct domain_config *c, struct err *e);
void platform_fini(struct domain *dom);
/* A device of the platform, *rc = 0; NULL and *rc. Each string may be NULL but the first two.
 * where: is told before the device makes its windows; may be NULL. */
struct dev *platform_device(struct domain *dom, const char *class, const char *id, const char *prop,
			    const char *value, struct dev **where, int *rc, struct err *e);
int platform_bank(const struct dev *d, const char *name); /* its region; -1: none, or no device */
/* Who answers that vCPU for a byte of the space; NULL: the ioreq servers. */
const struct platform_window *platform_find(const struct domain *dom, unsigned vcpu,
					    enum space space, uint64_t addr);
static inline bool platform_holds(const struct platform_window *w, uint64_t addr, unsigned size)
{
	return w && addr - w->w.base + size <= w->w.len;
}
uint64_t platform_read(const struct platform_window *w, uint64_t addr, unsigned size);
void platform_write(const struct platform_window *w, uint64_t addr, unsigned size, uint64_t val);

/* ---- apic.c ---- */
int apic_init(struct domain *dom, struct err *e);
unsigned apic_vcpu(const struct domain *dom, const struct dev *d); /* DOMAIN_NO_VCPU: not one */
/* A message to the local APICs; from: the vCPU that sends it, or DOMAIN_NO_VCPU. */
void apic_message(struct domain *dom, unsigned from, uint64_t addr, uint32_t data);
void apic_intr(struct domain *dom, bool level); /* INTR of the 8259 pair, at each LINT0 */
void apic_line(struct domain *dom, unsigned vcpu, bool level); /* that to its processor */
const struct platform_window *apic_window(const struct domain *dom, unsigned vcpu, uint64_t addr);

/* Both sets of hooks hear of it. */
#define core_tell(dom, hook, ...)                                                                 \
	do {                                                                                      \
		if ((dom)->hooks.hook)                                                            \
			(dom)->hooks.hook((dom)->hooks.arg __VA_OPT__(, ) __VA_ARGS__);           \
		if ((dom)->vcpu_hooks.hook)                                                       \
			(dom)->vcpu_hooks.hook((dom)->vcpu_hooks.arg __VA_OPT__(, ) __VA_ARGS__); \
	} while (0)

/* ---- domain.c ---- */
/* pthread_cond_wait with the device lock, which must be held. */
void core_wait(struct domain *dom, pthread_cond_t *cond);
/* The same, for at most so long; false: that is over. */
bool core_wait_for(struct domain *dom, pthread_cond_t *cond, int64_t ns);
/* Lets those have the lock who wait for it, for a thread that would hold it without end. */
void core_give_way(struct domain *dom);
int core_shutdown(struct domain *dom, enum hv_shutdown why);
void core_a20(struct domain *dom, bool on);
#endif
