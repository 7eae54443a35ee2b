/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/hmp_mem.c: ports and memory by hand: o, i, xp, sum. */
#include "dm/hmp.h"

#include "base/util.h"
#include "dm/board.h"
#include "hypervisor/domain.h"

#include <errno.h>
#include <inttypes.h>

/* ---- accesses: through the core if it is in this process, else only to what we own ---- */

static uint32_t port_in(struct machine *m, uint16_t port, unsigned size)
{
	uint32_t val = (uint32_t)ones(size);

	if (m->dom)
		domain_in(m->dom, DOMAIN_NO_VCPU, port, size, &val);
	else if (m->board)
		val = (uint32_t)board_read(m->board, SPACE_IO, port, size);
	return val;
}

static void port_out(struct machine *m, uint16_t port, unsigned size, uint32_t val)
{
	if (m->dom)
		domain_out(m->dom, DOMAIN_NO_VCPU, port, size, val);
	else if (m->board)
		board_write(m->board, SPACE_IO, port, size, val);
}

/* What is not RAM reads as ones with a remote core. */
static void ram_read(struct hv *hv, uint64_t gpa, uint8_t *buf, size_t len)
{
	while (len) {
		size_t n = len;
		void *p = hv ? hv->ops->dma_map(hv, gpa, &n, false) : NULL;

		if (!p)
			n = MIN(len, (size_t)(4096 - gpa % 4096));
		if (p)
			memcpy(buf, p, n);
		else
			memset(buf, 0xff, n);
		if (p)
			hv->ops->dma_unmap(hv, p, gpa, 0);
		gpa += n;
		buf += n;
		len -= n;
	}
}

static void mem_read(struct machine *m, uint64_t gpa, void *buf, size_t len)
{
	if (!m->dom || domain_mem_read(m->dom, DOMAIN_NO_VCPU, gpa, buf, len))
		ram_read(m->hv, gpa, buf, len);
}

/* ---- commands ---- */

static const char *suffix(unsigned size)
{
	return size == 1 ? "b" : size == 2 ? "w" : "l";
}

static unsigned port_size(const struct hmp_call *c)
{
	return MIN(hmp_value(c, "fmt")->size, 4u);
}

void hmp_port_in(struct hmp_call *c)
{
	uint16_t port = (uint16_t)hmp_number(c, "addr", 0);
	unsigned size = port_size(c);

	if (hmp_value(c, "index")->set) {
		port_out(c->m, port++, 1, (uint8_t)hmp_number(c, "index", 0));
	}
	fprintf(c->out, "port%s[0x%04x] = 0x%0*x\n", suffix(size), port, (int)size * 2,
		port_in(c->m, port, size));
}

void hmp_port_out(struct hmp_call *c)
{
	unsigned size = port_size(c);

	port_out(c->m, (uint16_t)hmp_number(c, "addr", 0), size,
		 (uint32_t)(hmp_number(c, "val", 0) & (int64_t)ones(size)));
}

static void print_char(FILE *f, unsigned char b)
{
	switch (b) {
	case '\'':
		fputs(" '\\''", f);
		break;
	case '\\':
		fputs(" '\\\\'", f);
		break;
	case '\n':
		fputs(" '\\n'", f);
		break;
	case '\r':
		fputs(" '\\r'", f);
		break;
	default:
		fprintf(f, b >= ' ' && b < 0x7f ? " '%c'" : " '\\x%02x'", b);
	}
}

static void print_unit(FILE *f, const struct hmp_value *fmt, uint64_t v)
{
	unsigned size = fmt->size, bits = size * 8;

	switch (fmt->format) {
	case 'o':
		fprintf(f, " %#*" PRIo64, (int)(bits + 2) / 3, v);
		break;
	case 'u':
		fprintf(f, " %*" PRIu64, (int)(bits * 10 + 32) / 33, v);
		break;
	case 'd':
		fprintf(f, " %*" PRId64, (int)(bits * 10 + 32) / 33,
			(int64_t)(v << (64 - bits)) >> (64 - bits));
		break;
	case 'c':
		print_char(f, (unsigned char)v);
		break;
	default:
		fprintf(f, " 0x%0*" PRIx64, (int)size * 2, v);
	}
}

#define DUMP_MAX (1u << 20) /* bytes at once */

void hmp_dump(struct hmp_call *c)
{
	const struct hmp_value *fmt = hmp_value(c, "fmt");
	uint64_t gpa = (uint64_t)hmp_number(c, "addr", 0);
	unsigned line = fmt->size == 1 ? 8 : 16, left = fmt->count * fmt->size;
	uint8_t buf[16];

	if (fmt->format == 'i') {
		fprintf(c->out, "there is no disassembler: use x, o, u, d or c\n");
		return;
	}
	if (left > DUMP_MAX) {
		fprintf(c->out, "at most %u bytes at once\n", DUMP_MAX);
		return;
	}
	while (left) {
		unsigned n = MIN(left, line);

		mem_read(c->m, gpa, buf, n);
		fprintf(c->out, "%016" PRIx64 ":", gpa);
		for (unsigned i = 0; i < n; i += fmt->size)
			print_unit(c->out, fmt, load_le(buf + i, fmt->size));
		fputc('\n', c->out);
		gpa += n;
		left -= n;
	}
}

#define SUM_MAX (256ll << 20)

/* The checksum of BSD's sum. */
void hmp_sum(struct hmp_call *c)
{
	uint64_t gpa = (uint64_t)hmp_number(c, "start", 0);
	int64_t left = hmp_number(c, "size", 0);
	uint8_t buf[4096];
	uint16_t sum = 0;

	if (left < 0 || left > SUM_MAX) {
		fprintf(c->out, "size must be 0 to %lld\n", SUM_MAX);
		return;
	}
	while (left) {
		size_t n = MIN((size_t)left, sizeof(buf));

		mem_read(c->m, gpa, buf, n);
		for (size_t i = 0; i < n; i++)
			sum = (uint16_t)((sum >> 1 | sum << 15) + buf[i]);
		gpa += n;
		left -= (int64_t)n;
	}
	fprintf(c->out, "%05d\n", sum);
}
