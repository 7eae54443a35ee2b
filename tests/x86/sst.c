/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vectors captured from an 80286 in real mode (SingleStepTests/80286), where the
 * data lies beside the tree; skipped without it. Format: the data's own README.
 */
#include "base/util.h"
#include "hypervisor/core.h"
#include "hypervisor/x86/blocks.h"
#include "hypervisor/x86/sys.h"
#include "tests/x86/machine.h"

#include <dirent.h>
#include <stdio.h>

#define DATA "../shared/data/sst-80286-sample"

enum { AX, BX, CX, DX, CS, SS, DS, ES, SP, BP, SI, DI, IP, FLAGS, REGS };

struct byte_at {
	uint32_t addr;
	uint8_t val;
};
struct image {
	uint16_t reg[REGS];
	struct byte_at *ram;
	unsigned n_ram;
};
struct vector {
	char name[80];
	const uint8_t *bytes;
	unsigned n_bytes;
	struct image init, fina;
	int exception; /* -1: none */
};

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)load_le(p, 4);
}

/* ---- the files ---- */

static uint8_t *unpacked(const char *path, size_t *len)
{
	char command[256];
	uint8_t *buf = NULL;
	FILE *f;

	snprintf(command, sizeof(command), "gzip -dc %s", path);
	f = popen(command, "r");
	MUST(f);
	*len = 0;
	do {
		buf = realloc(buf, *len + 65536);
		MUST(buf);
		*len += fread(buf + *len, 1, 65536, f);
	} while (!feof(f));
	EQ(0, pclose(f));
	return buf;
}

static void read_image(struct image *im, const uint8_t *p, const uint8_t *end)
{
	for (; p + 8 <= end; p += 8 + u32(p + 4)) {
		const uint8_t *d = p + 8;

		if (!memcmp(p, "REGS", 4)) {
			unsigned mask = d[0] | d[1] << 8;

			d += 2;
			for (unsigned i = 0; i < REGS; i++)
				if (mask >> i & 1) {
					im->reg[i] = (uint16_t)load_le(d, 2);
					d += 2;
				}
		} else if (!memcmp(p, "RAM ", 4)) {
			im->n_ram = u32(d);
			im->ram = calloc(im->n_ram + 1, sizeof(*im->ram));
			for (unsigned i = 0; i < im->n_ram; i++)
				im->ram[i] = (struct byte_at){u32(d + 4 + 5 * i), d[8 + 5 * i]};
		}
	}
}

static void read_vector(struct vector *v, const uint8_t *p, const uint8_t *end)
{
	*v = (struct vector){.exception = -1};
	for (p += 4; p + 8 <= end; p += 8 + u32(p + 4)) {
		const uint8_t *d = p + 8, *stop = d + u32(p + 4);

		if (!memcmp(p, "NAME", 4)) {
			snprintf(v->name, sizeof(v->name), "%.*s", (int)u32(d),
				 (const char *)d + 4);
		} else if (!memcmp(p, "BYTS", 4)) {
			v->n_bytes = u32(d);
			v->bytes = d + 4;
		} else if (!memcmp(p, "INIT", 4)) {
			read_image(&v->init, d, stop);
			memcpy(v->fina.reg, v->init.reg, sizeof(v->fina.reg));
		} else if (!memcmp(p, "FINA", 4)) {
			read_image(&v->fina, d, stop);
		} else if (!memcmp(p, "EXCP", 4)) {
			v->exception = d[0];
		}
	}
}

/* Flags that this opcode leaves defined, by the note beside the data. */
static unsigned flags_mask(const char *meta, const char *opcode)
{
	const char *group = opcode[3] <= '7' ? opcode + 2 : NULL, *p, *end;
	unsigned mask = 0xffff;
	char key[16];

	snprintf(key, sizeof(key), "\"%.2s\": {", opcode);
	p = strstr(meta, key);
	if (p && group) {
		snprintf(key, sizeof(key), "\"%c\": {", group[1]);
		p = strstr(p, key);
	}
	MUST(p);
	end = strchr(p, '}');
	p = strstr(p, "\"flags-mask\": ");
	if (p && p < end)
		mask = (unsigned)atoi(p + 14);
	/* OF after shifts by more than one; bits 12-14 differ by processor. */
	if (strchr("CD", opcode[0]) && strchr("0123", opcode[1]) && group)
		mask &= opcode[0] == 'C' || opcode[1] > '1' ? ~(unsigned)FL_OF : ~0u;
	return mask & 0xfd7;
}

/* The opcode's place after the prefixes; *lock: F0 is among them. */
static const uint8_t *opcode_of(const struct vector *v, bool *lock)
{
	const uint8_t *p = v->bytes;

	for (*lock = false; strchr("\x26\x2e\x36\x3e\xf0\xf2\xf3", *p); p++)
		*lock |= *p == 0xf0;
	return p;
}

/* ---- what is otherwise from the 80386 on ---- */

/* Lengths over 10 fault on the 80286: the vector says nothing. The last of the bytes is the HLT. */
static bool too_long_for_286(const struct vector *v)
{
	return v->n_bytes > 11 && v->exception >= 0;
}

/* LOCK before what cannot be locked is #UD, and is no matter to the 80286. */
static bool lock_faults(const struct vector *v)
{
	struct insn in;
	bool lock;

	opcode_of(v, &lock);
	return lock && insn_decode(&in, v->bytes, v->n_bytes, MODE_16) == DECODE_UD;
}

/*
 * A string instruction whose word is at FFFF faults. By then the 80286 has moved the register of
 * this access and of the one before it, and counted CX down (twice, of those that write), while
 * later processors can restart it: so the vector's registers are taken back.
 */
enum { USES_SI = 1, USES_DI = 2, DI_FIRST = 4, TWICE = 8 };

static unsigned string_uses(uint8_t op)
{
	switch (op & 0xfe) {
	case 0x6c:
	case 0xae:
		return USES_DI;
	case 0x6e:
	case 0xac:
		return USES_SI;
	case 0xa4:
		return USES_SI | USES_DI | TWICE;
	case 0xa6:
		return USES_SI | USES_DI | DI_FIRST;
	case 0xaa:
		return USES_DI | TWICE;
	}
	return 0;
}

static void restart_string(struct vector *v)
{
	bool lock;
	const uint8_t *op = opcode_of(v, &lock);
	unsigned uses = string_uses(*op), moved;
	uint16_t *r = v->fina.reg, step = v->init.reg[FLAGS] & FL_DF ? 0xfffe : 2;
	bool first_faults, rep = false;

	if (v->exception != EXC_GP || !uses)
		return;
	moved = uses;
	if ((uses & (USES_SI | USES_DI)) == (USES_SI | USES_DI)) {
		first_faults = (uint16_t)(r[uses & DI_FIRST ? DI : SI] - step) == 0xffff;
		if (first_faults)
			moved = uses & DI_FIRST ? USES_DI : USES_SI;
	}
	r[SI] = (uint16_t)(r[SI] - (moved & USES_SI ? step : 0));
	r[DI] = (uint16_t)(r[DI] - (moved & USES_DI ? step : 0));
	for (const uint8_t *p = v->bytes; p < op; p++)
		rep |= *p == 0xf2 || *p == 0xf3;
	if (rep)
		r[CX] = (uint16_t)(r[CX] + (uses & TWICE ? 2 : 1));
}

/* There is no FS or GS to move to and from: #UD, where later ones go on to the HLT. */
static bool names_fs(const struct vector *v)
{
	bool lock;
	const uint8_t *op = opcode_of(v, &lock);

	return v->exception == EXC_UD && (*op == 0x8c || *op == 0x8e) && (op[1] >> 4 & 3) == 2;
}

/* ---- running ---- */

static struct machine *machine_286(void)
{
	struct machine *m = machine_new("max");

	domain_lock(m->dom);
	OK(memmap_map(&m->dom->mem, 0xa0000, 0, 0xa0000, 0x60000, HV_SRC_RAM, HV_SRC_RAM));
	domain_unlock(m->dom);
	return m;
}

static void put_ram(struct machine *m, const struct image *im, bool clear)
{
	for (unsigned i = 0; i < im->n_ram; i++)
		m->ram[im->ram[i].addr] = clear ? 0 : im->ram[i].val;
}

static const uint8_t reg_number[] = {R_AX, R_BX, R_CX, R_DX, 0, 0, 0, 0, R_SP, R_BP, R_SI, R_DI};

static void set_regs(struct cpu *c, const uint16_t *reg)
{
	cpu_reset(c, false);
	for (unsigned i = 0; i <= DI; i++)
		if (i < CS || i > ES)
			c->r[reg_number[i]] = reg[i];
	seg_set_real(&c->seg[SEG_CS], reg[CS]);
	seg_set_real(&c->seg[SEG_SS], reg[SS]);
	seg_set_real(&c->seg[SEG_DS], reg[DS]);
	seg_set_real(&c->seg[SEG_ES], reg[ES]);
	c->rip = reg[IP];
	c->flags = (reg[FLAGS] & 0xfff) | FL_1;
	cpu_set_cs_mode(c);
}

static bool regs_match(const struct cpu *c, const uint16_t *reg, unsigned mask)
{
	for (unsigned i = 0; i <= DI; i++)
		if ((i < CS || i > ES) && (uint16_t)c->r[reg_number[i]] != reg[i])
			return false;
	return c->seg[SEG_CS].sel == reg[CS] && c->seg[SEG_SS].sel == reg[SS] &&
	       c->seg[SEG_DS].sel == reg[DS] && c->seg[SEG_ES].sel == reg[ES] &&
	       (uint16_t)c->rip == reg[IP] && !((c->flags ^ reg[FLAGS]) & mask);
}

static bool byte_matches(const struct machine *m, const struct vector *v, struct byte_at b,
			 unsigned mask)
{
	uint8_t want = b.val, got = m->ram[b.addr];

	/* The file's own address of the pushed flags is that of the bus cycle: even. */
	uint32_t flags_at = v->fina.reg[SS] * 16u + (uint16_t)(v->fina.reg[SP] + 4);

	if (v->exception >= 0 && b.addr == flags_at)
		return !((want ^ got) & mask);
	if (v->exception >= 0 && b.addr == flags_at + 1)
		return !((want ^ got) & mask >> 8);
	return want == got;
}

static bool ram_matches(const struct machine *m, const struct vector *v, unsigned mask)
{
	for (unsigned i = 0; i < v->fina.n_ram; i++)
		if (!byte_matches(m, v, v->fina.ram[i], mask))
			return false;
	for (unsigned i = 0; i < v->init.n_ram; i++) {
		bool changed = false;

		for (unsigned k = 0; k < v->fina.n_ram; k++)
			changed |= v->fina.ram[k].addr == v->init.ram[i].addr;
		if (!changed && m->ram[v->init.ram[i].addr] != v->init.ram[i].val)
			return false;
	}
	return true;
}

static void show(const struct machine *m, const struct vector *v)
{
	const struct cpu *c = m->c;

	NOTE("%s [exception %d, last %u] flags want %04x got %04x, ip %04x %04x, ax %04x %04x, "
	     "cx %04x %04x, dx %04x %04x, sp %04x %04x, si %04x %04x, di %04x %04x",
	     v->name, v->exception, c->exc.vector, v->fina.reg[FLAGS], (unsigned)c->flags,
	     v->fina.reg[IP], (unsigned)c->rip, v->fina.reg[AX], (unsigned)c->r[R_AX] & 0xffff,
	     v->fina.reg[CX], (unsigned)c->r[R_CX] & 0xffff, v->fina.reg[DX],
	     (unsigned)c->r[R_DX] & 0xffff, v->fina.reg[SP], (unsigned)c->r[R_SP] & 0xffff,
	     v->fina.reg[SI], (unsigned)c->r[R_SI] & 0xffff, v->fina.reg[DI],
	     (unsigned)c->r[R_DI] & 0xffff);
}

/* At the HLT nothing was pushed; all is as before but for IP, FS or GS, and where FS went. */
static bool moved_fs(const struct machine *m, const struct vector *v)
{
	bool lock, to_fs = *opcode_of(v, &lock) == 0x8e;
	uint16_t want[REGS];

	memcpy(want, v->init.reg, sizeof(want));
	want[IP] = (uint16_t)(want[IP] + v->n_bytes);
	if (!to_fs && opcode_of(v, &lock)[1] >= 0xc0) /* a register takes FS, which is 0 */
		want[opcode_of(v, &lock)[1] & 7] = 0;
	return regs_match(m->c, want, 0xfd7);
}

static bool vector_passes(struct machine *m, const struct vector *v, unsigned mask, bool talk)
{
	enum cpu_stop stop;
	bool ok;

	put_ram(m, &v->init, false);
	if (v->exception == EXC_GP) /* beyond the stack's limit it is 12 from the 80386 on */
		memcpy(m->ram + EXC_SS * 4, m->ram + EXC_GP * 4, 4);
	blocks_flush(m->c);
	set_regs(m->c, v->init.reg);
	stop = cpu_run(m->c, 70000);
	if (names_fs(v))
		ok = stop == STOP_HALT && moved_fs(m, v);
	else
		ok = stop == STOP_HALT && regs_match(m->c, v->fina.reg, mask) &&
		     ram_matches(m, v, mask);
	if (!ok && talk)
		show(m, v);
	memset(m->ram + EXC_SS * 4, 0, 4);
	put_ram(m, &v->init, true);
	put_ram(m, &v->fina, true);
	return ok;
}

static unsigned file_failures(struct machine *m, const char *name, const char *meta, unsigned *n)
{
	unsigned bad = 0, mask = flags_mask(meta, name);
	struct vector v;
	char path[300];
	size_t len;
	uint8_t *d;

	snprintf(path, sizeof(path), DATA "/%s", name);
	d = unpacked(path, &len);
	MUST(len > 20);
	for (const uint8_t *p = d + 8 + u32(d + 4); p + 8 <= d + len; p += 8 + u32(p + 4)) {
		if (memcmp(p, "TEST", 4))
			continue;
		read_vector(&v, p + 8, p + 8 + u32(p + 4));
		++*n;
		restart_string(&v);
		if (!too_long_for_286(&v) && !lock_faults(&v))
			bad += !vector_passes(m, &v, mask, bad < 2);
		free(v.init.ram);
		free(v.fina.ram);
	}
	free(d);
	return bad;
}

static char *metadata(void)
{
	FILE *f = fopen(DATA "/metadata.json", "r");
	char *meta = calloc(1, 1 << 18);

	if (!f)
		SKIP("no " DATA);
	MUST(meta && fread(meta, 1, (1 << 18) - 1, f));
	fclose(f);
	return meta;
}

static const char digits[16][2] = {"0", "1", "2", "3", "4", "5", "6", "7",
				   "8", "9", "A", "B", "C", "D", "E", "F"};

TIER_TEST_EACH(vectors_of_opcodes, 16, digits[i])
{
	char *meta = metadata();
	struct machine *m = machine_286();
	struct dirent **names;
	int n_files = scandir(DATA, &names, NULL, alphasort);
	unsigned n = 0;

	for (int f = 0; f < n_files; f++) {
		const char *name = names[f]->d_name;

		if (name[0] == digits[i][0] && strstr(name, ".MOO.gz")) {
			NOTE("%s", name);
			EQ(0, file_failures(m, name, meta, &n));
		}
		free(names[f]);
	}
	free(names);
	free(meta);
	CHECK(n >= 60);
	machine_free(m);
}
