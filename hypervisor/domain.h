/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/domain.h: one guest's core, as the process that holds it sees it:
 * the embedded device model, hvm-core, tests. Memory, accesses, pins, platform.
 *
 * There is one lock a domain, the device lock. Unless said otherwise a function
 * here is called with it held. An access of a vCPU that waits for a device model
 * in another process lets go of it meanwhile.
 */
#ifndef HYPERVISOR_DOMAIN_H
#define HYPERVISOR_DOMAIN_H
#include "base/clock.h"
#include "base/dev_owner.h"
#include "hypervisor/public/hv.h"

#define DOMAIN_VCPUS   128
#define DOMAIN_PINS    24 /* 0-15: ISA IRQs, of the 8259 pair and the IOAPIC alike */
#define DOMAIN_NO_VCPU (~0u)

struct domain;

/* What the core tells its process, and who runs its vCPUs; any may be NULL. Called with the lock
 * held. */
struct domain_hooks {
	/* Guest pages were changed by someone other than a vCPU: translations of them are stale. */
	void (*modified)(void *arg, uint64_t first_gfn, uint64_t nr);
	void (*msi)(void *arg, uint64_t addr, uint32_t data);
	void (*nmi)(void *arg, unsigned vcpu);
	void (*intr)(void *arg, bool level); /* INTR of the 8259 pair */
	/* domain_vcpu_intr of it is this now; INIT; start-up at vector << 12. */
	void (*apic)(void *arg, unsigned vcpu, bool level);
	void (*init)(void *arg, unsigned vcpu);
	void (*sipi)(void *arg, unsigned vcpu, uint8_t vector);
	void (*reset)(void *arg, enum hv_reset what);
	void (*shutdown)(void *arg, enum hv_shutdown why);
	/* on: returns when no vCPU runs guest code, having let go of the lock meanwhile. */
	void (*pause)(void *arg, bool on);
	void (*hold)(void *arg);                                        /* see domain_hold */
	void (*entry)(void *arg, const struct hv_entry *entry);         /* see domain_entry */
	int (*stats)(void *arg, unsigned vcpu, struct engine_stats *s); /* see domain_stats */
	void *arg;
};

struct domain_config {
	uint64_t ram;          /* bytes, of 4 KiB pages */
	uint64_t ram_below_4g; /* where it is cut; 0: 0xe0000000, or 0xc0000000 when there is
				* that much or more, as QEMU's pc does */
	unsigned vcpus;        /* 1-128; 0 = 1 */
	struct clock *clock;   /* the machine's; NULL: one of the domain's own, CLOCK_HOST */
	int64_t rtc_base;      /* what the RTC starts with, seconds since 1970 */
	bool bare;             /* no 8259, 8254, RTC, APICs (tests bring devices of their own) */
	struct domain_hooks hooks;
};

/* Without the lock. domain_free wants every hv on it closed first. */
struct domain *domain_new(const struct domain_config *c, struct err *e);
void domain_free(struct domain *dom); /* NULL is fine */

void domain_lock(struct domain *dom); /* not recursive */
void domain_unlock(struct domain *dom);
bool domain_locked(const struct domain *dom); /* by this thread */

struct clock *domain_clock(struct domain *dom);
unsigned domain_vcpus(const struct domain *dom);
uint64_t domain_ram_size(const struct domain *dom);
uint64_t domain_ram_below_4g(const struct domain *dom);
void domain_set_hooks(struct domain *dom, const struct domain_hooks *h);
/* A second set, of who runs the vCPUs; NULL: nobody. */
void domain_set_vcpu_hooks(struct domain *dom, const struct domain_hooks *h);
/* The time on the clock; without the lock. */
int64_t domain_now(const struct domain *dom);

/*
 * The devices that Xen keeps inside the hypervisor: "pic", "pit", "rtc", "ioapic", … What the core
 * asks of them: LINE_ISA lines reach the pin of that number; LINE_LOCAL 0 is the 8259 pair's INTR;
 * the 8259's inputs are pins 0-15, the IOAPIC's are pins 0-23 (pins 0 and 2 at its input 2), and a
 * read of the 8259's SPACE_BANK region "inta" is the acknowledge cycle (returns the vector). The
 * RTC's window at 0x71 is off while its index is 0x0e or more: then the data port is the device
 * model's, which also gets every such write of the index. "apic0"… are each seen by their vCPU
 * alone. While the HPET replaces the 8254 and the RTC, those two are cut off their pins.
 */
struct dev_env *domain_platform(struct domain *dom);

/* ---- guest accesses: of a vCPU, or of qtest (DOMAIN_NO_VCPU: no A20 gate, no waiting while
 * paused). -EPIPE: the device model went away before it answered; the vCPU stays parked. ---- */
/* size 1, 2, 4; nobody there: all ones. */
int domain_in(struct domain *dom, unsigned vcpu, uint16_t port, unsigned size, uint32_t *val);
int domain_out(struct domain *dom, unsigned vcpu, uint16_t port, unsigned size, uint32_t val);
/* Any length and alignment, RAM and MMIO mixed; MMIO in naturally aligned pieces of 8 at most. */
int domain_mem_read(struct domain *dom, unsigned vcpu, uint64_t gpa, void *buf, size_t len);
int domain_mem_write(struct domain *dom, unsigned vcpu, uint64_t gpa, const void *buf, size_t len);

/* An instruction with rep: outs, ins; movs and stos with one side in I/O memory. */
struct domain_access {
	bool pio;         /* addr is a port and stays; else it steps with the data */
	bool write;       /* towards addr */
	bool data_is_ptr; /* data is a guest physical address, else the value itself */
	bool df;          /* addresses go down */
	unsigned size;    /* of a unit: 1, 2, 4; 8 in memory */
	uint64_t count;   /* units */
	uint64_t addr, data;
};
int domain_access(struct domain *dom, unsigned vcpu, struct domain_access *a);

/* ---- interrupts ---- */
struct pin_watch { /* the caller's storage; fn is called at every change of a pin's level */
	void (*fn)(void *arg, unsigned pin, bool level);
	void *arg;
	struct pin_watch *next;
};
void domain_watch_pins(struct domain *dom, struct pin_watch *w);
void domain_unwatch_pins(struct domain *dom, struct pin_watch *w);
bool domain_pin(const struct domain *dom, unsigned pin);
/* One more source on the pin, for qtest's set_irq_in. */
void domain_set_pin(struct domain *dom, unsigned pin, bool level);
bool domain_intr(const struct domain *dom);
unsigned domain_inta(struct domain *dom); /* acknowledge cycle: the vector, 0xff without a 8259 */
/* The same as a processor has it: its local APIC, and the 8259 pair where LINT0 lets it through.
 * Without APICs the pair is vCPU 0's. */
bool domain_vcpu_intr(const struct domain *dom, unsigned vcpu);
unsigned domain_vcpu_inta(struct domain *dom, unsigned vcpu);
/* Where domain_vcpu_intr is kept, to be read atomically without the lock. */
const bool *domain_vcpu_intr_flag(const struct domain *dom, unsigned vcpu);
bool domain_has_apic(const struct domain *dom, unsigned vcpu);
/* IA32_APIC_BASE, IA32_TSC_DEADLINE, x2APIC's 0x800-0x8ff. -EINVAL: #GP. */
int domain_apic_rdmsr(struct domain *dom, unsigned vcpu, uint32_t msr, uint64_t *val);
int domain_apic_wrmsr(struct domain *dom, unsigned vcpu, uint32_t msr, uint64_t val);
uint64_t domain_apic_tpr(struct domain *dom, unsigned vcpu); /* CR8: bits 7-4 */
void domain_apic_set_tpr(struct domain *dom, unsigned vcpu, uint64_t cr8);
/* That guest's TSC is virtual ns plus this: the deadline timer goes by it. */
void domain_apic_tsc_offset(struct domain *dom, unsigned vcpu, uint64_t offset);

/* ---- ACPI: PM1 status and enable at base, the timer at base + 8; nowhere until the chipset's
 * power management says so. ISA interrupt 9. Events: GBL, PWRBTN, SLPBTN, RTC of PM1_STS ---- */
void domain_pm_place(struct domain *dom, uint16_t base, bool on);
void domain_pm_event(struct domain *dom, uint16_t status);

/* ---- memory, for those who load firmware or look at a guest ---- */
/* Host view of [gpa, gpa + *len), *len clipped to what is contiguous; NULL = not RAM (or, with
 * write, not writable). Never goes away while the domain lives. */
void *domain_ram(struct domain *dom, uint64_t gpa, size_t *len, bool write);
uint64_t domain_memory_generation(const struct domain *dom); /* moves with every map and unmap */
/* A byte for each guest page, shared with device models: enum hv_page_flag. */
uint8_t *domain_page_flags(struct domain *dom, uint64_t *pages);
bool domain_a20(const struct domain *dom);

/* ---- run state: paused, no vCPU runs but what it needs to end its instruction, if a device model
 * in another process has yet to answer it (who has vCPUs without hooks: their next access waits).
 * A clock of the domain's own stands still (the first resume starts it); the machine's is the
 * machine's to stop ---- */
void domain_pause(struct domain *dom);
void domain_resume(struct domain *dom);
unsigned domain_asking(const struct domain *dom);          /* vCPUs that wait for an answer */
void domain_reset(struct domain *dom, enum hv_reset what); /* platform, A20, CF8, links */
/* vCPUs stop soon, until the domain is resumed or reset: the guest asked for something that is
 * about to happen. From any thread that has the lock. */
void domain_hold(struct domain *dom);
/* Where the first vCPU starts, now and after each reset; NULL: at the reset vector. Copied; paused,
 * nobody asking. */
void domain_entry(struct domain *dom, const struct hv_entry *entry);
/* What the engine of the vCPUs has counted, of one or of all (~0u). -ENOTSUP: there is none. */
int domain_stats(struct domain *dom, unsigned vcpu, struct engine_stats *s);
#endif
