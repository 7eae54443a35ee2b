/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/x86/machine.c: see machine.h. */
#include "tests/x86/machine.h"

#include "base/err.h"
#include "hypervisor/core.h"
#include "hypervisor/x86/model.h"
#include "hypervisor/x86/sys.h"

#include <errno.h>

#define RAM_SIZE (32u << 20)

/* Memory of its own, whose accesses are noted as they arrive. */
static int mmio(struct machine *m, struct hv_ioreq *req)
{
	uint64_t at = req->addr - MACHINE_MMIO;
	bool write = req->dir == HV_IOREQ_WRITE;

	if (at + req->size > sizeof(m->mmio)) {
		req->data = ~0ull;
		return 0;
	}
	if (m->n_seen < ARRAY_SIZE(m->seen))
		m->seen[m->n_seen++] =
			(struct machine_access){(unsigned)at, (uint8_t)req->size, write};
	if (write)
		memcpy(m->mmio + at, &req->data, req->size);
	else
		memcpy(&req->data, m->mmio + at, req->size);
	if (m->mmio_poke)
		m->mmio_poke(m);
	return 0;
}

static int port(struct machine *m, struct hv_ioreq *req)
{
	if (req->dir == HV_IOREQ_READ) {
		req->data = m->count_in ? m->n_in : 0x60 + req->size;
		m->n_in++;
		return 0;
	}
	if (req->addr == 0x503) {
		m->poke(m, (uint8_t)req->data);
	} else if (req->addr == 0x501) {
		m->exit_code = (int)req->data;
		cpu_attend(m->c, ATT_EXIT);
	} else if (m->n_out < sizeof(m->out) - 1) {
		m->out[m->n_out++] = (char)req->data;
	}
	return 0;
}

/* A lot: its memory is read and written as a device model does. */
static int lot(struct machine *m, struct hv_ioreq *req)
{
	int rc = 0;

	for (uint64_t i = 0; i < req->count && !rc; i++) {
		uint64_t at = req->data + i * req->size;
		struct hv_ioreq one = {.addr = req->addr, .size = req->size, .dir = req->dir};

		if (one.dir == HV_IOREQ_WRITE)
			memcpy(&one.data, m->ram + at, one.size);
		rc = port(m, &one);
		if (one.dir == HV_IOREQ_READ)
			memcpy(m->ram + at, &one.data, one.size);
	}
	if (req->dir == HV_IOREQ_READ)
		core_written(m->dom, req->data, req->count * req->size);
	return rc;
}

static int request(struct ioreq_server *s, unsigned vcpu, struct hv_ioreq *req)
{
	struct machine *m = s->arg;

	(void)vcpu;
	if (req->type == HV_IOREQ_COPY)
		return mmio(m, req);
	m->n_requests++;
	if (m->gone && m->n_requests > m->gone)
		return -EPIPE;
	return req->data_is_ptr ? lot(m, req) : port(m, req);
}

static bool no_buffer(struct ioreq_server *s, const struct hv_ioreq *req)
{
	(void)s;
	(void)req;
	return false;
}

static const struct ioreq_sender sender = {.send = request, .buffer = no_buffer};

struct machine *machine_new(const char *model)
{
	struct domain_config config = {.ram = RAM_SIZE, .bare = true};
	struct machine *m = calloc(1, sizeof(*m));
	struct err e = {""};
	uint16_t id = 0;
	size_t len = RAM_SIZE;

	MUST(m);
	m->exit_code = -1;
	m->dom = domain_new(&config, &e);
	NOTE("%s", e.msg);
	MUST(m->dom);
	m->c = cpu_new(m->dom, 0, model_new(model, &e));
	MUST(m->c);
	tier_put(m->c);
	domain_lock(m->dom);
	m->ram = domain_ram(m->dom, 0, &len, true);
	OK(core_server_new(m->dom, false, &sender, m, &id));
	OK(core_map_range(m->dom, id, HV_RANGE_PORT, 0x501, 0x503));
	OK(core_map_range(m->dom, id, HV_RANGE_MEMORY, MACHINE_MMIO,
			  MACHINE_MMIO + sizeof(m->mmio) - 1));
	OK(core_server_enable(m->dom, id, true));
	domain_unlock(m->dom);
	return m;
}

void machine_free(struct machine *m)
{
	struct cpu_model *model = (struct cpu_model *)(uintptr_t)m->c->model;

	cpu_free(m->c);
	model_free(model);
	domain_lock(m->dom);
	core_servers_drop(m->dom, m, false);
	domain_unlock(m->dom);
	domain_free(m->dom);
	free(m);
}

void machine_load(struct machine *m, uint64_t gpa, const void *code, size_t len)
{
	memcpy(m->ram + gpa, code, len);
}

void machine_real(struct machine *m, uint16_t seg, uint16_t off)
{
	cpu_reset(m->c, false);
	for (unsigned i = 0; i < SEG_N; i++)
		seg_set_real(&m->c->seg[i], seg);
	m->c->rip = off;
	m->c->r[R_SP] = 0x8000;
	cpu_set_cs_mode(m->c);
}

static void flat(struct segment *s, uint16_t sel, uint16_t attr)
{
	*s = (struct segment){.limit = 0xffffffff, .sel = sel, .attr = attr};
}

static void flat_segments(struct machine *m, uint16_t code)
{
	static const uint64_t gdt[] = {0,
				       0x00cf9b000000ffff,
				       0x00cf93000000ffff,
				       0x00af9b000000ffff,
				       0x00cffb000000ffff,
				       0x00cff3000000ffff,
				       0x00affb000000ffff};

	memcpy(m->ram + 0x1000, gdt, sizeof(gdt));
	m->c->gdtr = (struct table_reg){0x1000, sizeof(gdt) - 1};
	for (unsigned i = 0; i < SEG_N; i++)
		flat(&m->c->seg[i], 0x10, SEG_P | SEG_S | SEG_DB | SEG_G | 3);
	flat(&m->c->seg[SEG_CS], code == SEG_L ? 0x18 : 8, SEG_P | SEG_S | SEG_G | 0xb | code);
	m->c->r[R_SP] = 0x8000;
}

void machine_prot(struct machine *m, uint32_t eip)
{
	cpu_reset(m->c, false);
	m->c->cr0 |= CR0_PE;
	flat_segments(m, SEG_DB);
	m->c->rip = eip;
	cpu_set_cs_mode(m->c);
}

static void map_flat(struct machine *m)
{
	uint64_t pml4[] = {0x3007}, pdpt[] = {0x4007};

	memset(m->ram + 0x2000, 0, 0x3000);
	memcpy(m->ram + 0x2000, pml4, 8);
	memcpy(m->ram + 0x3000, pdpt, 8);
	for (uint64_t i = 0; i < RAM_SIZE >> 21; i++) {
		uint64_t pde = i << 21 | 0x87;

		memcpy(m->ram + 0x4000 + 8 * i, &pde, 8);
	}
}

void machine_long(struct machine *m, uint64_t rip)
{
	machine_prot(m, 0);
	map_flat(m);
	m->c->cr4 = CR4_PAE | CR4_OSFXSR;
	m->c->efer = EFER_LME | EFER_LMA | EFER_SCE;
	m->c->cr3 = 0x2000;
	m->c->cr0 |= CR0_PG;
	m->c->long_mode = true;
	flat_segments(m, SEG_L);
	m->c->rip = rip;
	cpu_set_cs_mode(m->c);
	mmu_flush(m->c, true);
}

enum cpu_stop machine_run(struct machine *m)
{
	return cpu_run(m->c, 100000);
}
