/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypervisor/x86/verify_log.c: see verify_private.h: what was written, by lines of 64 bytes, so
 * that a store that is too wide is seen as well.
 */
#include "hypervisor/domain.h"
#include "hypervisor/x86/verify_private.h"

#include <stdlib.h>
#include <string.h>

/* A REP STOS may write more; it is left to the plain handlers then. */
#define LINES_MAX 16384u

enum { PTE_ACCESSED = 1 << 5 };

static uint32_t *head_of(struct verify_log *l, const uint8_t *at)
{
	uintptr_t v = (uintptr_t)at >> 4;

	return &l->heads[(v ^ v >> 12) % LINE_HEADS];
}

static bool grow(struct verify_log *l)
{
	unsigned max = l->max ? l->max * 2 : 64;
	struct line *lines;

	if (max > LINES_MAX)
		return false;
	lines = realloc(l->lines, max * sizeof(lines[0]));
	if (!lines)
		return false;
	l->lines = lines;
	l->max = max;
	return true;
}

static struct line *line_at(struct verify_log *l, uint8_t *at, uint64_t gpa, uint8_t *flag)
{
	uint32_t *head = head_of(l, at);
	struct line *line;

	for (uint32_t i = *head; i; i = l->lines[i - 1].next)
		if (l->lines[i - 1].at == at)
			return &l->lines[i - 1];
	if (l->n == l->max && !grow(l))
		return NULL;
	line = &l->lines[l->n++];
	*line = (struct line){.at = at, .flag = flag, .gpa = gpa, .next = *head};
	memcpy(line->was, at, LINE);
	memcpy(line->other, at, LINE);
	*head = l->n;
	return line;
}

static uint64_t mask_of(unsigned from, unsigned n)
{
	return (n == LINE ? ~0ull : (1ull << n) - 1) << from;
}

bool log_note(struct verify_log *l, uint8_t *p, unsigned len, uint64_t gpa, uint8_t *flag)
{
	while (len) {
		unsigned from = flag ? (uintptr_t)p % LINE : 0;
		unsigned n = len < LINE - from ? len : LINE - from;
		struct line *line = line_at(l, p - from, gpa - from, flag);

		if (!line)
			return false;
		line->mask |= mask_of(from, n);
		p += n;
		gpa += n;
		len -= n;
	}
	return true;
}

bool log_has(struct verify_log *l, uint8_t *p, unsigned len)
{
	unsigned from = (uintptr_t)p % LINE;
	uint32_t i = *head_of(l, p - from);

	while (i && l->lines[i - 1].at != p - from)
		i = l->lines[i - 1].next;
	return i && (len + from > LINE || !(mask_of(from, len) & ~l->lines[i - 1].mask));
}

void log_table(struct verify_log *l, const uint8_t *p)
{
	for (unsigned i = 0; i < l->n; i++)
		l->lines[i].table |= l->lines[i].at == p - (uintptr_t)p % LINE;
}

void log_clear(struct verify_log *l)
{
	for (unsigned i = 0; i < l->n; i++)
		*head_of(l, l->lines[i].at) = 0;
	l->n = 0;
}

void log_keep(struct verify_log *l)
{
	for (unsigned i = 0; i < l->n; i++)
		memcpy(l->lines[i].other, l->lines[i].at, LINE);
}

/* What was made of code that is taken back goes, too. */
static void line_undo(struct cpu *c, struct line *line)
{
	if (line->mask == ~0ull) {
		memcpy(line->at, line->was, LINE);
	} else {
		for (unsigned i = 0; i < LINE; i++)
			if (line->mask >> i & 1)
				line->at[i] = line->was[i];
	}
	if (line->flag && __atomic_load_n(line->flag, __ATOMIC_RELAXED) & HV_PAGE_CODE)
		blocks_written(c, line->gpa, LINE);
}

void log_undo(struct cpu *c, struct verify_log *l)
{
	for (unsigned i = 0; i < l->n; i++)
		line_undo(c, &l->lines[i]);
}

/* Bits that need not be the same: of page tables' entries, that they were accessed. */
static uint8_t may_differ(const struct line *line, unsigned i, bool any_accessed)
{
	return any_accessed && line->table && i % 4 == 0 ? PTE_ACCESSED : 0;
}

static bool line_differs(const struct line *line, bool rest, bool any_accessed)
{
	for (unsigned i = 0; i < LINE; i++)
		if ((line->at[i] ^ line->other[i]) & ~may_differ(line, i, any_accessed) &&
		    !(rest && line->mask >> i & 1))
			return true;
	return false;
}

const struct line *log_differs(const struct verify_log *l, bool rest, bool any_accessed)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->lines[i].flag && line_differs(&l->lines[i], rest, any_accessed))
			return &l->lines[i];
	return NULL;
}
