/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/hypervisor/rig.h: a core, a transport and a small device model behind it,
 * for tests that must hold whichever transport it is. The test's own thread is
 * the vCPU (any number of them); the device model has a thread of its own except
 * when it is embedded.
 */
#ifndef TESTS_HYPERVISOR_RIG_H
#define TESTS_HYPERVISOR_RIG_H
#include "hypervisor/core.h"
#include "hypervisor/page_peer.h"
#include "hypervisor/public/ioreq_run.h"
#include "tests/test.h"

#include <semaphore.h>

enum rig_kind { RIG_EMBEDDED, RIG_REMOTE, RIG_XEN, RIG_KINDS };
const char *rig_name(size_t kind);

struct remote;
struct rig {
	enum rig_kind kind;
	struct domain *dom;
	/* the core's side */
	struct loop *core_loop;
	struct remote *remote;
	pthread_t core_thread;
	int ended; /* times that a remote device model ended */
	/* the device model's side */
	struct hv *hv;
	struct loop *loop;
	pthread_t thread;
	bool dm_runs;
	pid_t child; /* forked: the device model */
	uint16_t server;
	uint64_t (*read)(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size);
	void (*write)(struct rig *r, enum hv_ioreq_type type, uint64_t addr, unsigned size,
		      uint64_t val);
	unsigned vcpu;    /* whose request is being served */
	bool buffered;    /* … or one from the ring */
	unsigned wrong;   /* requests that ioreq_run refused */
	char gone[64];    /* what client.gone said */
	unsigned triples; /* what client.triple_fault counted; atomic */
	uint32_t lines[HV_LINES];
	/* what the core told its process */
	unsigned msis, modified, resets, shutdowns;
	uint64_t msi_addr[512], modified_gfn;
	uint32_t msi_data[512];
	void (*on_modified)(struct rig *r, uint64_t first_gfn, uint64_t nr);
	/* pins */
	struct pin_watch watch;
	unsigned edges[DOMAIN_PINS];
	void *test; /* the test's own */
};

/* The transport cannot run here: skips the test. vcpus: 0 = 1. */
struct rig *rig_start(size_t kind, unsigned vcpus);
/* Remote, the device model in a process of its own: serves one port with `read`, which may die. */
struct rig *rig_new_forked(unsigned vcpus,
			   uint64_t (*read)(struct rig *r, enum hv_ioreq_type type, uint64_t addr,
					    unsigned size),
			   uint16_t port);
void rig_stop(struct rig *r);
/* Once more after the device model left: rig_start opens the first. */
void rig_dm_open(struct rig *r);
void rig_dm_close(struct rig *r);
/* Runs fn where the device model's code runs, and returns when it is done. */
void rig_do(struct rig *r, void (*fn)(struct rig *r, void *arg), void *arg);
/* Holds the device model up until rig_release: requests pile up. */
void rig_hold(struct rig *r);
void rig_release(struct rig *r);
/* Of the test device model: ports and memory 0xf0000000 … of the rig's server. */
void rig_ports(struct rig *r, uint16_t first, uint16_t last);
void rig_memory(struct rig *r, uint64_t first, uint64_t last);
/* On the device model's side: the line's next level; n more edges inside this moment. */
void rig_line(struct rig *r, unsigned slot, bool level);
void rig_pulse(struct rig *r, unsigned slot);

/* vCPU accesses: take the lock. */
uint32_t rig_in(struct rig *r, unsigned vcpu, uint16_t port, unsigned size);
void rig_out(struct rig *r, unsigned vcpu, uint16_t port, unsigned size, uint32_t val);
uint64_t rig_rd(struct rig *r, unsigned vcpu, uint64_t gpa, unsigned size);
void rig_wr(struct rig *r, unsigned vcpu, uint64_t gpa, unsigned size, uint64_t val);
int rig_rep(struct rig *r, unsigned vcpu, const struct domain_access *a);
void rig_ram(struct rig *r, uint64_t gpa, void *buf, size_t len, bool write); /* no vCPU */
/* Until cond or 5 s: false. */
bool rig_wait(struct rig *r, bool (*cond)(struct rig *r));
/* The shared pages' core side; NULL when embedded. */
struct page_peer *rig_peer(struct rig *r);

/* tests/hypervisor/fake_xen.c; not there when built without libxen. */
#define WEAK __attribute__((weak))
WEAK struct hv *rig_xen_open(struct rig *r);
WEAK void rig_xen_die(struct rig *r); /* as if the device model's process had ended */
WEAK void hv_xen_log_dirty(struct hv *hv, bool on);
#endif
