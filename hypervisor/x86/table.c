/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/table.c: the rows of all table_*.c in one array, sorted so that the rows of an
 * opcode stand together, and the index from (VEX or not, map, opcode byte) to them.
 *
 * Tests: tests/x86/table.c
 */
#include "hypervisor/x86/table.h"

#include <assert.h>

#define ROWS_MAX 2048
#define MAPS     4

static const struct opcode_table *const tables[] = {
	&table_1, &table_0f, &table_x87, &table_sse, &table_sse38, &table_vex, &table_vex38,
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

static struct opcode rows[ROWS_MAX];
static unsigned n_rows;
static struct opcode_cell cells[2][MAPS][256];

static bool kind_needs_modrm(unsigned kind)
{
	switch (kind) {
	case O_E:
	case O_G:
	case O_R:
	case O_M:
	case O_S:
	case O_C:
	case O_D:
	case O_P:
	case O_N:
	case O_Q:
	case O_V:
	case O_U:
	case O_W:
	case O_STi:
		return true;
	}
	return false;
}

static bool row_needs_modrm(const struct opcode *o)
{
	bool needs = o->digit >= 0 || o->rm >= 0 || o->flags & (F_MEM | F_REG);

	for (unsigned i = 0; i < 4; i++)
		needs = needs || kind_needs_modrm(o->o[i].kind);
	return needs;
}

/* What the operands' letters say about ModRM.mod, and near branches about their size. */
static uint32_t implied_flags(const struct opcode *o)
{
	uint32_t flags = o->flags & F_NEAR ? F_F64 : 0;

	for (unsigned i = 0; i < 4; i++) {
		unsigned kind = o->o[i].kind;

		if (kind == O_M)
			flags |= F_MEM;
		else if (kind == O_R || kind == O_N || kind == O_U || kind == O_STi)
			flags |= F_REG;
	}
	return o->rm >= 0 ? flags | F_REG : flags;
}

static struct opcode_cell *cell_of(const struct opcode *o)
{
	assert(o->map < MAPS);
	return &cells[o->flags & F_VEX ? 1 : 0][o->map][o->op];
}

static void count_rows(void)
{
	for (unsigned t = 0; t < TABLES; t++)
		for (unsigned i = 0; i < tables[t]->n; i++) {
			struct opcode_cell *cell = cell_of(&tables[t]->row[i]);

			cell->n++;
			cell->has_modrm |= row_needs_modrm(&tables[t]->row[i]);
			n_rows++;
		}
	assert(n_rows <= ROWS_MAX);
}

static void place_cells(void)
{
	struct opcode_cell *cell = &cells[0][0][0];
	unsigned at = 0;

	for (unsigned i = 0; i < sizeof(cells) / sizeof(*cell); i++) {
		cell[i].first = at;
		at += cell[i].n;
		cell[i].n = 0;
	}
}

__attribute__((constructor)) static void build(void)
{
	count_rows();
	place_cells();
	for (unsigned t = 0; t < TABLES; t++)
		for (unsigned i = 0; i < tables[t]->n; i++) {
			const struct opcode *o = &tables[t]->row[i];
			struct opcode_cell *cell = cell_of(o);
			struct opcode *row = &rows[cell->first + cell->n++];

			*row = *o;
			row->flags |= implied_flags(o);
		}
}

const struct opcode *opcode_rows(unsigned *n)
{
	*n = n_rows;
	return rows;
}

const struct opcode_cell *opcode_cell(bool vex, unsigned map, uint8_t op)
{
	return &cells[vex][map][op];
}

const struct opcode *opcode_at(const struct opcode_cell *cell, unsigned i)
{
	return &rows[cell->first + i];
}
